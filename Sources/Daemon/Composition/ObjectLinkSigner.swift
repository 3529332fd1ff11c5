import Accounts
import Actions
import MailModel
import RequestSigning
import Storage

/// Signs links to objects with access keys of ours.
struct ObjectLinkSigner: LinkSigner {
    let credentials: Credentials
    let links: PresignedLink

    func link(
        to key: String, in bucket: String, by accessKey: String, from time: Timestamp,
        seconds: Int64
    ) -> String? {
        // Of several that are called so, the newest.
        guard let id = credentials.keys(meant: accessKey).last(where: { $0.state == .active })?.id,
            let secret = credentials.secret(ofActive: id)
        else { return nil }
        return links.url(
            of: key, in: bucket, accessKeyID: id, secret: secret, from: time,
            seconds: seconds)
    }
}

import Accounts
import Actions
import MailModel
import RequestSigning

/// Signs links to objects with access keys of ours.
struct ObjectLinkSigner: LinkSigner {
    let credentials: Credentials
    let links: PresignedLink

    func link(
        to key: String, in bucket: String, by accessKey: String, from time: Timestamp,
        seconds: Int64
    ) -> String? {
        guard let secret = credentials.secret(ofActive: accessKey) else { return nil }
        return links.url(
            of: key, in: bucket, accessKeyID: accessKey, secret: secret, from: time,
            seconds: seconds)
    }
}

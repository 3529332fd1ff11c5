import MailModel
import Storage
import WebPoster

/// Takes objects to other servers by the one way in which requests leave. Wherever the configuration
/// says that a bucket is, there they go: `client` refuses no address.
struct GuardedObjectCarrier: ObjectCarrier {
    let client: GuardedHTTPClient

    func put(
        _ upload: ObjectUpload, to url: WebURL, seconds: Int64
    ) async -> ObjectAnswer {
        let put = HTTPPut(headers: upload.headers, length: upload.length, body: upload.piece)
        switch await client.put(put, to: url, seconds: seconds) {
        case .success(let answer):
            return .answered(
                status: answer.status, entityTag: answer.entityTag,
                storedEncryption: answer.storedEncryption, body: answer.body ?? [])
        case .failure(let failure): return .failed("\(failure)")
        }
    }
}

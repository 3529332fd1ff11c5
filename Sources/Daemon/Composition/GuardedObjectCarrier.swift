import MailModel
import Storage
import WebPoster

/// Takes objects to other servers, and asks for them, by the one way in which requests leave.
/// Wherever the configuration says that a bucket is, there it goes: `client` refuses no address.
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

    func get(
        _ url: WebURL, headers: [(name: String, value: String)], bytesMax: Int, seconds: Int64
    ) async -> ObjectAnswer {
        ObjectAnswer(
            await client.get(url, headers: headers, seconds: seconds, bodyBytesMax: bytesMax),
            bytesMax: bytesMax)
    }
}

extension ObjectAnswer {
    /// What came of a GET that was to have a body of at most `bytesMax`. An object that is larger is
    /// so next time, too; what is said in the place of one may be shorter then.
    init(_ result: Result<HTTPAnswer, HTTPFailure>, bytesMax: Int) {
        switch result {
        case .success(let answer):
            guard let body = answer.body else {
                self =
                    answer.status == 200
                    ? .tooLarge(bytesMax: bytesMax)
                    : .failed("the answer has more than \(bytesMax) bytes")
                return
            }
            self = .answered(status: answer.status, entityTag: answer.entityTag, body: body)
        case .failure(let failure): self = .failed("\(failure)")
        }
    }
}

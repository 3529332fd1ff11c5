import Crypto
import MailModel
import NIOCore
import RequestSigning
import Storage

/// One bucket of another server: each object is one PUT or one GET, signed by Signature Version 4. S3:
/// `PutObject`
///
/// The object is addressed by the path (`/bucket/key`). The body's SHA-256 is signed and its MD5
/// said, so that the server takes what was sent or nothing. Memory is that of two pieces.
struct EndpointBucket: Sendable {
    let endpoint: S3Endpoint
    /// Nil where objects are not sealed.
    let keys: ObjectKeys?
    let carrier: any ObjectCarrier
    let time: any TimeSource
    private let signer: RequestSigner

    init(
        _ endpoint: S3Endpoint, under keys: ObjectKeys?, carrier: any ObjectCarrier,
        time: any TimeSource
    ) {
        self.endpoint = endpoint
        self.keys = keys
        self.carrier = carrier
        self.time = time
        signer = RequestSigner(
            accessKeyID: endpoint.accessKeyID, secret: endpoint.secret, region: endpoint.region,
            service: "s3")
    }

    /// Returns once the server has said that it has the object, and that it is the one that was sent.
    func put(_ object: ObjectToPut) async throws(ObjectStoreFailure) {
        guard let key = ObjectKey(object.key) else {
            throw .failed("“\(object.key)” is no object key")
        }
        let pieces: ObjectPieces
        let digests: Digests
        do throws(StorageFailure) {
            pieces = try ObjectPieces(object, under: keys)
            digests = try Digests(of: pieces)
        } catch {
            throw .failed("\(error)")
        }
        let url: WebURL
        do throws(WebURL.ParsingError) {
            url = try self.url(of: key)
        } catch {
            throw .failed("“\(object.key)” \(error)")
        }
        let upload = ObjectUpload(
            headers: try headers(for: url, digests), length: pieces.length
        ) { index throws(StorageFailure) in try pieces.piece(index) }
        let answer = await carrier.put(upload, to: url, seconds: endpoint.timeoutSeconds)
        if let reason = EndpointVerdict.reason(against: answer, md5: digests.md5) {
            throw .failed("\(endpoint.url.hostField): \(reason)")
        }
    }

    func url(of key: ObjectKey) throws(WebURL.ParsingError) -> WebURL {
        let path = PercentEncoding.encode(
            "\(endpoint.bucket)/\(key.text)".utf8, keepingSlashes: true)
        return try WebURL(parsing: "\(endpoint.url)\(path)")
    }

    private func headers(
        for url: WebURL, _ digests: Digests
    ) throws(ObjectStoreFailure) -> [(name: String, value: String)] {
        do throws(SignedRequest.Malformation) {
            return try signed(
                "PUT", url, digests.sha256,
                [
                    ("content-type", "application/octet-stream"),
                    ("content-md5", Base64.text(digests.md5)),
                ])
        } catch {
            throw .failed("\(url) cannot be asked for")
        }
    }

    /// The fields of a request, `more` among them, with whose signature they are. `sha256`: the body's.
    func signed(
        _ method: String, _ url: WebURL, _ sha256: [UInt8], _ more: [(String, String)] = []
    ) throws(SignedRequest.Malformation) -> [(name: String, value: String)] {
        let fields = ([("host", url.hostField)] + more)
            .map { SignedRequest.Header(name: $0.0, value: $0.1) }
        let signed = try signer.sign(
            method, target: url.target, headers: fields, payload: Hexadecimal.text(sha256),
            at: time.now())
        // A proxy may put another one in the place of the last, and so it is not signed.
        return signed.filter { $0.name != "host" }.map { ($0.name, $0.value) }
            + [("user-agent", "Martlet")]
    }

    /// What a server can tell an object by.
    private struct Digests {
        let sha256: [UInt8]
        let md5: [UInt8]

        /// Reads them through.
        init(of pieces: ObjectPieces) throws(StorageFailure) {
            var sha256 = SHA256()
            var md5 = Insecure.MD5()
            var index = 0
            while let piece = try pieces.piece(index) {
                piece.withUnsafeReadableBytes { bytes in
                    sha256.update(bufferPointer: bytes)
                    md5.update(bufferPointer: bytes)
                }
                index += 1
            }
            self.sha256 = Array(sha256.finalize())
            self.md5 = Array(md5.finalize())
        }
    }
}

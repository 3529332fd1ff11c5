import Crypto
import Foundation
import Hummingbird
import NIOCore
import RequestSigning

/// The body of an object that is put: as long as was said, and what the signature says of it.
struct PutBody {
    /// Of the object, in bytes.
    let length: Int
    private let payload: DeclaredPayload
    private var chunks: ChunkedPayload?
    private var digest = SHA256()
    /// Of the object's bytes, where one was declared. RFC 1864
    private let declaredMD5: [UInt8]?
    private var md5 = Insecure.MD5()
    private var count = 0

    /// `isLocal`: nobody is between the client and us. From elsewhere no body is taken that nothing
    /// vouches for: whoever is on the way could put another one in its place.
    init(
        _ headers: HTTPFields, _ signer: VerifiedRequest, _ limits: S3Limits, isLocal: Bool
    ) throws(S3Error) {
        payload = signer.payload
        chunks = ChunkedPayload(signer.payload, signer.seed)
        switch payload {
        case .digest, .chunks(areSigned: true, _): break
        case .unsigned, .chunks(areSigned: false, _):
            guard isLocal else {
                throw .accessDenied(
                    "A body that is not signed is taken from this machine alone.")
            }
        }
        declaredMD5 = try headers[.contentMD5].map { text throws(S3Error) in
            guard let bytes = Data(base64Encoded: text), bytes.count == Insecure.MD5.byteCount
            else { throw .invalidDigest }
            return Array(bytes)
        }
        let name = chunks == nil ? HTTPFields.Element.Name.contentLength : .decodedContentLength
        guard let text = headers[name], let length = Int(text), length >= 0 else {
            throw .missingLength
        }
        guard length <= limits.objectBytesMax else { throw .tooLarge }
        self.length = length
    }

    /// The object's bytes in what came next.
    mutating func take(_ piece: ByteBuffer) throws(S3Error) -> ByteBuffer {
        var content = piece
        if chunks != nil {
            do throws(ChunkedPayload.Failure) {
                content = ByteBuffer(
                    bytes: try chunks?.take(Array(piece.readableBytesView)[...]) ?? [])
            } catch {
                switch error {
                case .malformed: throw .incompleteBody
                case .otherSignature: throw .otherSignature
                }
            }
        } else {
            piece.withUnsafeReadableBytes { digest.update(bufferPointer: $0) }
        }
        if declaredMD5 != nil {
            content.withUnsafeReadableBytes { md5.update(bufferPointer: $0) }
        }
        count += content.readableBytes
        guard count <= length else { throw .incompleteBody }
        return content
    }

    /// Says whether it was all, and what was declared.
    func finish() throws(S3Error) {
        guard count == length, chunks?.isComplete ?? true else { throw .incompleteBody }
        if let declaredMD5, !md5.finalize().elementsEqual(declaredMD5) { throw .badDigest }
        guard case .digest(let declared) = payload else { return }
        guard digest.finalize().elementsEqual(declared) else { throw .otherDigest }
    }
}

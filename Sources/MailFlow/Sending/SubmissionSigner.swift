import Accounts
import MailAuthentication
import MailModel
import NIOCore
import Storage

/// The header section as it leaves, and what the body has.
struct SignedHead {
    var bytes: ByteBuffer
    var isBody8Bit: Bool
}

/// The step **sign** of `OutboundFlow`. Reads bodies in files: blocks.
struct SubmissionSigner: Sendable {
    /// Of a body in a file, in memory at once.
    private static let pieceBytes = 1_048_576

    let senders: SendingIdentities
    let bodies: any BodyFiles
    /// Told of a domain whose mail cannot be signed, and why.
    let onUnsignable: @Sendable (Domain, String) -> Void
    let onFailure: @Sendable (StorageFailure) -> Void

    /// **Sign**: after the last change, with each key of the author's domain.
    func sign(
        _ header: SentHeader, _ submission: Submission, for domain: Domain, at now: Timestamp
    ) throws(Refusal) -> SignedHead {
        do {
            let keys = try senders.signingKeys(for: domain)
            let (mail, isBody8Bit) = try read(
                submission.bodyID, submission.body, header.bytes, isSigned: !keys.isEmpty)
            guard let mail else {
                return SignedHead(bytes: ByteBuffer(bytes: header.bytes), isBody8Bit: isBody8Bit)
            }
            var head = ByteBuffer()
            head.writeBytes(try keys.fields(for: mail, at: now))
            head.writeBytes(header.bytes)
            return SignedHead(bytes: head, isBody8Bit: isBody8Bit)
        } catch let failure as StorageFailure {
            onFailure(failure)
            throw Refusal(failure)
        } catch let failure as SigningFailure {
            throw .unsendable("Message rejected: it cannot be signed: \(failure)")
        } catch {
            // A key that cannot be opened: an unsigned mail would be worse than a late one.
            onUnsignable(domain, "\(error)")
            throw .storageUnavailable
        }
    }

    /// The body, read through once: for its signatures where there are any, and for bytes beyond
    /// ASCII.
    func read(
        _ bodyID: MailID, _ body: BodySpool.Content, _ header: [UInt8], isSigned: Bool
    ) throws(StorageFailure) -> (SignedMail?, is8Bit: Bool) {
        var reader = isSigned ? SignedMailReader(header: header, forms: [SigningForm()]) : nil
        var is8Bit = false
        if let memory = body.memory {
            memory.withUnsafeReadableBytes { reader?.append($0) }
            return (reader?.finish(), memory.hasBytesBeyondASCII)
        }
        var position = 0
        while position < body.length {
            let piece = try bodies.read(
                bodyID, from: position, length: Self.pieceBytes)
            guard piece.readableBytes > 0 else {
                throw .damaged("the body \(bodyID) is shorter than what was taken")
            }
            piece.withUnsafeReadableBytes { reader?.append($0) }
            is8Bit = is8Bit || piece.hasBytesBeyondASCII
            position += piece.readableBytes
        }
        return (reader?.finish(), is8Bit)
    }
}

extension [SigningKeyUse] {
    /// A signature of each, as fields.
    func fields(for mail: SignedMail, at now: Timestamp) throws(SigningFailure) -> [UInt8] {
        var fields: [UInt8] = []
        for use in self {
            let signer = DKIMSigner(domain: use.domain, selector: use.selector, key: use.key)
            fields += try signer.field(for: mail, at: now)
        }
        return fields
    }
}

extension ByteBuffer {
    var hasBytesBeyondASCII: Bool {
        withUnsafeReadableBytes { bytes in bytes.contains { $0 > 127 } }
    }
}

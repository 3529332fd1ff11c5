package import MailModel

/// An update under the signature of a key, and what its answers mean. RFC 8945 §5
package struct SignedUpdate: Sendable {
    package let bytes: [UInt8]
    private let id: UInt16
    private let key: TSIGKey
    private let code: [UInt8]

    package init(
        id: UInt16, zone: Domain, changes: some Collection<ZoneChange>, key: TSIGKey,
        at time: Timestamp
    ) {
        let message = UpdateMessage(id: id, zone: zone, changes: changes).bytes
        let variables = TSIGVariables(key, at: time)
        code = key.code(of: [message, variables.digested])
        self.id = id
        self.key = key
        // The last two bytes of the header count the records behind the changes.
        bytes =
            message[..<10] + [0, 1] + message[12...]
            + variables.record(code: code, originalID: id)
    }

    /// Returns where `answer` says that all was done, and it was the server that said so.
    package func check(_ answer: [UInt8], at time: Timestamp) throws(ZoneUpdateFailure) {
        let read: UpdateAnswer
        do throws(UpdateAnswer.Defect) {
            read = try UpdateAnswer(answer)
        } catch {
            throw .malformed
        }
        guard read.id == id else { throw .malformed }
        guard let signature = read.signature else {
            // Whoever wrote it: nothing is believed but that nothing is known to be done.
            throw read.code == 0 ? .unsigned : .refused(code: read.code)
        }
        try check(read, signature, at: time)
        guard read.code == 0 else { throw .refused(code: read.code) }
    }

    private func check(
        _ answer: UpdateAnswer, _ signature: UpdateAnswer.Signature, at time: Timestamp
    ) throws(ZoneUpdateFailure) {
        // Without a key that both know there is no signature. RFC 8945 §5.3.2
        switch TSIGError(rawValue: signature.error) {
        case .badSignature where answer.code != 0: throw .badSignature
        case .badKey where answer.code != 0: throw .badKey
        case .badTruncation where answer.code != 0: throw .badSignature
        default: break
        }
        let variables = TSIGVariables(
            keyName: signature.keyName, algorithmName: signature.algorithmName,
            signedAtSeconds: signature.signedAtSeconds, fudgeSeconds: signature.fudgeSeconds,
            error: signature.error, other: signature.other)
        let own = TSIGVariables(key, at: time)
        var before = MessageWriter()
        before.putCounted(code)
        guard variables.keyName == own.keyName, variables.algorithmName == own.algorithmName,
            key.isCode(signature.code, of: [before.bytes, answer.signed, variables.digested])
        else { throw .forged }
        if signature.error == TSIGError.badTime.rawValue {
            let theirs = signature.other.reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
            throw .clocks(
                secondsAhead: signature.other.count == 6
                    ? Int64(theirs) - Int64(own.signedAtSeconds) : nil)
        }
        let apart = Int64(signature.signedAtSeconds) - Int64(own.signedAtSeconds)
        guard abs(apart) <= Int64(signature.fudgeSeconds) else {
            throw .clocks(secondsAhead: apart)
        }
        guard signature.error == 0 else { throw .refused(code: answer.code) }
    }
}

/// RFC 8945 §3
private enum TSIGError: UInt16 {
    case badSignature = 16
    case badKey = 17
    case badTime = 18
    case badTruncation = 22
}

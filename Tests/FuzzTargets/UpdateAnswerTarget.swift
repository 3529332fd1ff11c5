import DNS

extension FuzzTarget {
    /// What a name server answers to an update: whatever it is, it is read in bounds, and what was
    /// signed is the message up to the signature.
    static let updateAnswer = FuzzTarget("update-answer") { bytes in
        guard let answer = try? UpdateAnswer(bytes) else { return }
        try require(answer.code < 16, "the code")
        guard let signature = answer.signature else {
            return try requireEqual(answer.signed, bytes, "what is not signed")
        }
        try require(answer.signed.count < bytes.count, "the signature is in what was signed")
        try requireEqual(
            Array(answer.signed.dropFirst(12)),
            Array(bytes[12..<answer.signed.count]), "what was signed")
        try require(signature.keyName.count <= 255, "the name")
        // Without its signature it is an answer again, and has none.
        guard let unsigned = try? UpdateAnswer(answer.signed) else {
            throw FuzzFind("what was signed is no answer")
        }
        try require(unsigned.signature == nil, "a second signature")
    }
}

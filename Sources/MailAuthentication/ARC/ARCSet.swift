import MailModel

/// The three fields that one handler of a mail has added. RFC 8617 §4.1
struct ARCSet: Sendable {
    static let resultsField = "arc-authentication-results"
    static let signatureField = "arc-message-signature"
    static let sealField = "arc-seal"

    let instance: Int
    /// Where the ARC-Authentication-Results field is.
    let results: Int
    let signature: ARCMessageSignature
    let seal: ARCSeal
}

/// An ARC-Message-Signature. RFC 8617 §4.1.2
struct ARCMessageSignature: Sendable {
    let index: Int
    let message: MessageSignature
    /// Where the value of `b=` is in the mail.
    let omitted: Range<Int>

    init(_ tags: TagList, at index: Int) throws(SignatureDefect) {
        self.index = index
        message = try MessageSignature(tags)
        guard let signature = tags.tag("b") else { throw .missing(tag: "b") }
        omitted = signature.rawValue.indices
    }
}

/// An ARC-Seal. RFC 8617 §4.1.3
struct ARCSeal: Sendable {
    let index: Int
    let algorithm: SigningAlgorithm
    let chainValue: ARCResult
    let domain: Domain
    let keyName: Domain
    let signature: [UInt8]
    let omitted: Range<Int>

    init(_ tags: TagList, at index: Int) throws(SignatureDefect) {
        self.index = index
        let reader = SignatureTags(tags)
        algorithm = try reader.algorithm()
        signature = try reader.base64("b")
        guard let chainValue = Self.chainValue(try reader.required("cv")) else {
            throw .unusable(tag: "cv")
        }
        self.chainValue = chainValue
        domain = try reader.domain()
        keyName = try reader.keyName(in: domain)
        _ = try reader.number("t")
        guard let signature = tags.tag("b") else { throw .missing(tag: "b") }
        omitted = signature.rawValue.indices
    }

    /// `cv=`, in any case.
    static func chainValue(_ value: ArraySlice<UInt8>) -> ARCResult? {
        ARCResult(rawValue: value.lowercasedText)
    }
}

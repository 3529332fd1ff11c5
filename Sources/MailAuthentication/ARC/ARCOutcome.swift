package import MailModel

/// The words for a chain. RFC 8617 §4.4
package enum ARCResult: String, Sendable, Hashable {
    /// The mail has no ARC set.
    case none
    case pass
    case fail
}

/// What became of a mail's ARC chain: a verdict with its reason. RFC 8617 §5.2
package struct ARCOutcome: Sendable, Hashable {
    package var result: ARCResult
    package var reason: ARCReason
    /// How many sets the chain has, as far as they could be told apart.
    package var setsCount = 0
    /// Who sealed, from the first to the last. Only in a `pass` it is known to be true.
    package var sealers: [Domain] = []
    /// The oldest set from which on the mail is unchanged; 0 where it is since the first; nil where
    /// nobody wanted to know. Of `arc.oldest-pass`, RFC 8617 §5.2
    package var oldestPass: Int?
    /// What was done, in order.
    package var steps: [ARCStep] = []

    package init(_ result: ARCResult, _ reason: ARCReason) {
        self.result = result
        self.reason = reason
    }
}

/// Why a chain has its result: facts, worded by `description`.
package enum ARCReason: Sendable, Hashable {
    case noSets
    case verified
    case structure(ARCDefect)
    /// The last sealer said so.
    case failedBefore
    case messageSignature(instance: Int, DKIMReason)
    case seal(instance: Int, DKIMReason)

    /// Whether the DNS was why, and another look later may say otherwise.
    package var isTemporary: Bool {
        switch self {
        case .messageSignature(_, let reason), .seal(_, let reason): reason.result == .temperror
        case .noSets, .verified, .structure, .failedBefore: false
        }
    }
}

extension ARCReason: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noSets: "the mail has no ARC set"
        case .verified: "every seal is good, and so is the last signature of the mail"
        case .structure(let defect): "\(defect)"
        case .failedBefore: "the last sealer found the chain broken (cv=fail)"
        case .messageSignature(let instance, let reason):
            "the message signature of set \(instance): \(reason)"
        case .seal(let instance, let reason): "the seal of set \(instance): \(reason)"
        }
    }
}

/// Why header fields are no chain. RFC 8617 §4.2, RFC 8617 §5.2
package enum ARCDefect: Error, Sendable, Hashable, CustomStringConvertible {
    /// More than `ARCChain.setsMax`, or more fields than these have.
    case tooManySets
    /// A field whose `i=` is not there or no number from 1 to 50.
    case noInstance(field: String)
    case missing(field: String, instance: Int)
    case duplicate(field: String, instance: Int)
    case unreadable(field: String, instance: Int, SignatureDefect)
    /// A message signature signs seals. RFC 8617 §4.1.2
    case signsSeals(instance: Int)
    /// The mail may be read otherwise than it was signed and sealed.
    case malformedHeader(HeaderSectionDefect)
    /// `cv=` is not `none` in the first seal and `pass` in those after it.
    case chainValue(instance: Int)

    package var description: String {
        switch self {
        case .tooManySets: "there are more ARC sets than a chain may have"
        case .noInstance(let field): "an \(field) has no i= from 1 to 50"
        case .missing(let field, let instance): "set \(instance) has no \(field)"
        case .duplicate(let field, let instance): "set \(instance) has its \(field) twice"
        case .unreadable(let field, let instance, let defect):
            "the \(field) of set \(instance) is not valid: \(defect)"
        case .malformedHeader(let defect): "the header section is malformed: \(defect)"
        case .signsSeals(let instance): "the message signature of set \(instance) signs seals"
        case .chainValue(let instance): "the seal of set \(instance) has the wrong cv="
        }
    }
}

/// One thing that a verifier did: facts, worded by `description`.
package enum ARCStep: Sendable, Hashable, CustomStringConvertible {
    case found(sets: Int)
    case checkedSignature(instance: Int, domain: String, DKIMReason)
    case checkedSeal(instance: Int, domain: String, DKIMReason)
    /// 0: since before the first set.
    case unchanged(since: Int)
    case ended(ARCResult, ARCReason)

    package var description: String {
        switch self {
        case .found(let sets): sets == 1 ? "found one ARC set" : "found \(sets) ARC sets"
        case .checkedSignature(let instance, let domain, let reason):
            "checked the message signature of set \(instance), by \(domain): \(reason)"
        case .checkedSeal(let instance, let domain, let reason):
            "checked the seal of set \(instance), by \(domain): \(reason)"
        case .unchanged(let instance):
            instance == 0
                ? "the mail is unchanged since before set 1"
                : "the mail is unchanged since set \(instance)"
        case .ended(let result, let reason): "\(result.rawValue): \(reason)"
        }
    }
}

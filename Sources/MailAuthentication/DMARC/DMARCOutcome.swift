package import MailModel

/// What DMARC says of a mail: a verdict with its reason. RFC 9989 §5.3
package struct DMARCOutcome: Sendable, Hashable {
    package var result: DMARCResult
    package var reason: DMARCReason
    /// Of From; nil where there is no single one.
    package var authorDomain: Domain?
    /// Where the record is that applies.
    package var policyDomain: Domain?
    package var record: DMARCRecord?
    /// What the owner wishes for mails of the author domain that fail, as published; nil where no
    /// record applies.
    package var policy: DMARCPolicy?
    /// The first that is aligned by each method, DKIM's before SPF's. RFC 9989 §4.4
    package var aligned: [DMARCIdentifier] = []
    /// The owner tries it out, and wishes for the milder one (`t=y`). RFC 9989 §4.7
    package var isTesting = false
    /// Of how many mails in a hundred it is to be applied to; below 100 by RFC 7489 alone.
    package var percent = 100
    /// What was done, in order.
    package var steps: [DMARCStep] = []

    package init(_ result: DMARCResult, _ reason: DMARCReason) {
        self.result = result
        self.reason = reason
    }

    /// What the owner wishes to be done with this mail, or would where it could not be told now
    /// whether it fails: the milder policy where it is under test
    /// (RFC 9989 §4.7), and for a mail beyond `pct` (RFC 7489 §6.6.4). `dice` is a random number
    /// from 0 to 99; by RFC 9989 it does not matter.
    package func disposition(dice: Int = 0) -> DMARCPolicy {
        guard result == .fail || result == .temperror, let policy else { return .none }
        return isTesting || dice >= percent ? policy.milder : policy
    }
}

/// A domain that DKIM or SPF has found to be true.
package struct DMARCIdentifier: Sendable, Hashable, CustomStringConvertible {
    package enum Method: String, Sendable, Hashable {
        case dkim
        case spf
    }

    package var method: Method
    package var domain: Domain

    package init(_ method: Method, _ domain: Domain) {
        self.method = method
        self.domain = domain
    }

    package var description: String { "\(method.rawValue) \(domain)" }
}

/// Why DMARC's result is what it is: facts, worded by `description`.
package enum DMARCReason: Sendable, Hashable {
    case aligned(DMARCIdentifier)
    /// Nothing that passed is of the author's organization.
    case notAligned
    /// An identifier that would be of it could not be checked now. RFC 9989 §5.3.5
    case notCheckedNow(DMARCIdentifier)
    case noRecord
    case author(AuthorDomainDefect)
    /// Its policy is none, and it asks for no reports. RFC 9989 §4.10.1
    case unusableRecord(at: Domain)
    /// The text says why.
    case dnsFailed(name: Domain, String)
}

extension DMARCReason: CustomStringConvertible {
    package var description: String {
        switch self {
        case .aligned(let identifier): "\(identifier) passed and is of the author's organization"
        case .notAligned: "nothing that passed is of the author's organization"
        case .notCheckedNow(let identifier): "\(identifier) could not be checked now"
        case .noRecord: "there is no DMARC record for the author domain"
        case .author(let defect): "\(defect)"
        case .unusableRecord(let domain):
            "the record of \(domain) has no policy that could be applied"
        case .dnsFailed(let name, let reason): "\(name) could not be looked up: \(reason)"
        }
    }
}

/// One thing that was done to find DMARC's result: facts, worded by `description`.
package enum DMARCStep: Sendable, Hashable {
    case author(Domain)
    case asked(name: Domain, texts: [String])
    case askedInVain(name: Domain, reason: String)
    case organization(of: Domain, Domain)
    case existence(Domain, Bool)
    case policy(DMARCPolicy, tag: String, of: Domain)
    case underTest(DMARCPolicy)
    case percent(Int)
    case alignment(DMARCIdentifier, DMARCRecord.Alignment, Bool)
    case ended(DMARCResult, DMARCReason)
}

extension DMARCStep: CustomStringConvertible {
    package var description: String {
        switch self {
        case .author(let domain): "the author domain is \(domain)"
        case .asked(let name, let texts):
            switch texts.count {
            case 0: "asked for TXT \(name): no DMARC record"
            case 1: "asked for TXT \(name): \(texts[0])"
            default: "asked for TXT \(name): \(texts.count) DMARC records, and so none"
            }
        case .askedInVain(let name, let reason): "asked for TXT \(name): \(reason)"
        case .organization(let domain, let organization):
            "the organization of \(domain) is \(organization)"
        case .existence(let domain, let exists):
            exists ? "\(domain) exists" : "\(domain) does not exist"
        case .policy(let policy, let tag, let domain):
            "the policy is \(policy.rawValue), by \(tag)= of \(domain)"
        case .underTest(let policy):
            "the policy is under test (t=y), and \(policy.rawValue) is wished for"
        case .percent(let percent):
            "it is to be applied to \(percent) of 100 mails (pct=\(percent))"
        case .alignment(let identifier, let alignment, let isAligned):
            "\(identifier) is \(isAligned ? "" : "not ")aligned (\(alignment))"
        case .ended(let result, let reason): "\(result.rawValue): \(reason)"
        }
    }
}

package import MailModel

/// What SPF says of a client: a verdict with its reason. RFC 7208 §2.6
package struct SPFOutcome: Sendable, Hashable {
    package var result: SPFResult
    package var reason: SPFReason
    package var sender: SPFSender
    /// Terms that ask the DNS, and `%{p}`, of the `SPFVerifier.lookupsMax` that are allowed.
    package var lookupsCount = 0
    /// Questions for terms that found nothing, of `SPFVerifier.voidLookupsMax`.
    package var voidLookupsCount = 0
    /// What the domain says to those that it does not permit: printable ASCII. Its owner wrote it,
    /// and nobody else vouches for it. RFC 7208 §6.2
    package var explanation: String?
    /// What was done, in order.
    package var steps: [SPFStep] = []

    package init(_ result: SPFResult, _ reason: SPFReason, _ sender: SPFSender) {
        self.result = result
        self.reason = reason
        self.sender = sender
    }

    /// The domain that was asked; nil where there is none.
    package var domain: Domain? { sender.domain }
}

/// Why SPF's result is what it is: facts, worded by `description`.
package enum SPFReason: Error, Sendable, Hashable {
    /// What was given is no domain that could have a record. RFC 7208 §4.3
    case noDomain
    case noRecord(Domain)
    /// A mechanism of the domain's record matched.
    case matched(SPFResult, mechanism: String, in: Domain)
    /// No mechanism matched, and there is no `redirect=`. RFC 7208 §4.7
    case nothingMatched(in: Domain)
    case severalRecords(Domain)
    case record(SPFRecordDefect, in: Domain)
    /// RFC 7208 §4.6.4
    case tooManyLookups
    case tooManyVoidLookups
    case tooManyExchangers(of: Domain)
    /// What `include:` or `redirect=` names has no record. RFC 7208 §5.2, RFC 7208 §6.1
    case noRecordAtTarget(String, in: Domain)
    /// A term's macros become more than `SPFVerifier.expandedBytesMax`.
    case expansionTooLong(in: Domain)
    /// More than a resolver takes.
    case answerTooLarge(name: String)
    /// The text says why.
    case dnsFailed(name: String, String)
    /// All of it took more than `SPFVerifier.secondsMax`.
    case tookTooLong

    package var result: SPFResult {
        switch self {
        case .noDomain, .noRecord: .none
        case .matched(let result, _, _): result
        case .nothingMatched: .neutral
        case .severalRecords, .record, .tooManyLookups, .tooManyVoidLookups, .tooManyExchangers,
            .noRecordAtTarget, .expansionTooLong, .answerTooLarge:
            .permerror
        case .dnsFailed, .tookTooLong: .temperror
        }
    }
}

extension SPFReason: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noDomain: "there is no domain that could have a record"
        case .noRecord(let domain): "\(domain) has no SPF record"
        case .matched(_, let mechanism, let domain):
            "\"\(mechanism)\" in the record of \(domain) matched"
        case .nothingMatched(let domain): "nothing in the record of \(domain) matched"
        case .severalRecords(let domain): "\(domain) has several SPF records"
        case .record(let defect, let domain):
            "the record of \(domain) cannot be used: \(defect)"
        case .tooManyLookups:
            "more than \(SPFVerifier.lookupsMax) terms and macros that ask the DNS"
        case .tooManyVoidLookups:
            "more than \(SPFVerifier.voidLookupsMax) questions that found nothing"
        case .tooManyExchangers(let domain):
            "\(domain) has more than \(SPFVerifier.namesMax) mail exchangers"
        case .noRecordAtTarget(let term, let domain):
            "what \"\(term)\" in the record of \(domain) names has no SPF record"
        case .expansionTooLong(let domain):
            "a term in the record of \(domain) becomes too long"
        case .answerTooLarge(let name): "the answer for \(name) is larger than we take"
        case .dnsFailed(let name, let reason): "\(name) could not be looked up: \(reason)"
        case .tookTooLong: "it took more than \(SPFVerifier.secondsMax) seconds"
        }
    }
}

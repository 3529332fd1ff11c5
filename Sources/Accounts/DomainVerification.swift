import DNS
import Foundation
package import MailModel
package import Storage

/// How a domain is verified: a TXT record with the domain's token, at a name below it. SES:
/// `VerifyDomainIdentity`.
package struct DomainVerification: Sendable {
    /// SES: a record that is not there is looked for this long, and a verified domain whose record
    /// is gone keeps its status as long.
    package static let graceSeconds = RecordWatching.graceSeconds
    /// No look is planned for later than this.
    package static let secondsAheadMax = RecordWatching.secondsAheadMax
    private static let tokenBytes = 32

    /// The labels before the domain: `_amazonses`.
    private let prefix: String

    package init(prefix: String) {
        self.prefix = prefix
    }

    /// A fresh token, as SES's: 32 bytes in base64, 44 characters.
    static func token(_ random: any RandomSource) -> String {
        Data(random.bytes(tokenBytes)).base64EncodedString()
    }

    // MARK: The record

    /// Where the record of `domain` stands; nil where that name would be too long for the DNS.
    package func recordName(below domain: String) -> Domain? {
        try? Domain(parsing: "\(prefix).\(domain)")
    }

    /// Nil for an address, too.
    func recordName(of identity: IdentityRecord) -> Domain? {
        identity.kind == .domain ? recordName(below: identity.name) : nil
    }

    /// The record to publish, as a line of a zone file; nil where there is none.
    package func zoneFileLine(of identity: IdentityRecord) -> String? {
        guard let name = recordName(of: identity), let token = identity.token else { return nil }
        return "\(name). 1800 IN TXT \(DNSRecord.quoted(token.utf8))"
    }

    // MARK: What was found

    /// What `answer`, to the question for the TXT records at `name`, says of `token`.
    func check(
        _ answer: Result<DNSAnswer, DNSFailure>, for token: String, at name: Domain,
        time: Timestamp
    ) -> IdentityCheck {
        switch answer {
        case .success(let answer): check(answer, for: token, at: name, time: time)
        case .failure(let failure): IdentityCheck(failure, at: time)
        }
    }

    private func check(
        _ answer: DNSAnswer, for token: String, at name: Domain, time: Timestamp
    ) -> IdentityCheck {
        let proof = answer.isSecure ? " (proven by DNSSEC)" : ""
        func result(_ error: IdentityCheck.ErrorType?, _ detail: String) -> IdentityCheck {
            IdentityCheck(
                at: time, error: error, detail: detail + proof, found: Self.shown(answer.records))
        }
        switch answer.content {
        case .noSuchName: return result(.hostNotFound, "there is no name \(name)")
        case .noRecord: return result(.typeNotFound, "\(name) has no TXT record")
        case .records(let records):
            guard records.contains(where: { $0.joinedText == Array(token.utf8) }) else {
                return result(.invalidValue, "no TXT record of \(name) is the token")
            }
            return result(nil, "\(name) has the token")
        }
    }

    private static let shownMax = 10
    private static let shownCharactersMax = 600

    /// For people, bounded: who may see what they published need not see all that others did.
    static func shown(_ records: [DNSRecord]) -> [String] {
        let texts = records.prefix(shownMax).map { record in
            let text = record.zoneFileText
            return text.count > shownCharactersMax
                ? text.prefix(shownCharactersMax) + " …" : text
        }
        let more = records.count - texts.count
        return more > 0 ? texts + ["; and \(more) more"] : texts
    }

    // MARK: What follows

    /// `identity` after `check`: the table above `IdentityRecord`.
    func outcome(of check: IdentityCheck, for identity: IdentityRecord) -> IdentityRecord {
        var next = identity
        let watch = RecordWatching.outcome(
            of: check,
            for: RecordWatch(
                status: identity.status, since: identity.statusSince,
                lastCheck: identity.lastCheck, lastSuccessAt: identity.lastSuccessAt,
                nextCheckAt: identity.nextCheckAt))
        next.lastCheck = watch.lastCheck
        next.lastSuccessAt = watch.lastSuccessAt
        guard !identity.isTrusted else { return next }
        next.status = watch.status
        next.statusSince = watch.since
        next.nextCheckAt = watch.nextCheckAt
        return next
    }
}

extension IdentityCheck {
    /// A look to which the DNS gave no answer.
    init(_ failure: DNSFailure, at time: Timestamp) {
        self.init(
            at: time, error: failure.isOurs ? .serviceError : .dnsServerError,
            detail: "\(failure)", found: [])
    }
}

extension DNSFailure {
    /// Whether it was we who did not ask, or did not take what came.
    var isOurs: Bool {
        switch self {
        case .answerTooLarge, .tooManyQueries, .cancelled: true
        case .timedOut, .serverFailed, .bogus: false
        }
    }
}

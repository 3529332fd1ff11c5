import DNS
import Foundation
import MailModel
import Storage

/// What the DNS said of one key's record.
struct DKIMFinding: Sendable {
    var selector: String
    var check: IdentityCheck

    /// What `answer`, to the question for the TXT records at `name`, aliases followed, says of
    /// `key`: its record is there, whatever else its tags say, where `p=` is the key.
    init(
        _ answer: Result<DNSAnswer, DNSFailure>, for key: DKIMKeyRecord, at name: Domain,
        time: Timestamp
    ) {
        selector = key.selector
        switch answer {
        case .success(let answer): check = Self.check(answer, for: key, at: name, time: time)
        case .failure(let failure): check = IdentityCheck(failure, at: time)
        }
    }

    private static func check(
        _ answer: DNSAnswer, for key: DKIMKeyRecord, at name: Domain, time: Timestamp
    ) -> IdentityCheck {
        func result(_ error: IdentityCheck.ErrorType?, _ detail: String) -> IdentityCheck {
            IdentityCheck(
                at: time, error: error, detail: detail,
                found: DomainVerification.shown(answer.records))
        }
        let place = answer.target ?? name
        let alias = answer.target == nil ? "" : "\(name) is an alias, and "
        switch answer.content {
        case .noSuchName: return result(.hostNotFound, "\(alias)there is no name \(place)")
        case .noRecord: return result(.typeNotFound, "\(alias)\(place) has no TXT record")
        case .records(let records):
            return records.contains { holds(key, $0) }
                ? result(nil, "\(name) has the key")
                : result(.invalidValue, "\(alias)no TXT record of \(place) holds the key")
        }
    }

    /// Whether one of the record's tags is `p=` with the key; white space in it means nothing.
    /// RFC 6376 §3.2
    private static func holds(_ key: DKIMKeyRecord, _ record: DNSRecord) -> Bool {
        guard let text = record.joinedText else { return false }
        let wanted = Array("p=\(key.facts.publicKey)".utf8)
        return text.split(separator: UInt8(ascii: ";")).contains { tag in
            tag.filter { !" \t\r\n".utf8.contains($0) }.elementsEqual(wanted)
        }
    }
}

extension SendingIdentity {
    /// After a look at the records of its keys: each key knows whether its record is there, and
    /// the whole is well where those are that sign; before any does, where all are that will.
    func outcome(of findings: [DKIMFinding], at time: Timestamp) -> SendingIdentity {
        var next = self
        let checks = Dictionary(findings.map { ($0.selector, $0.check) }) { $1 }
        for index in next.keys.indices {
            guard let check = checks[next.keys[index].selector] else { continue }
            if check.error == nil {
                next.keys[index].facts.foundAt = next.keys[index].facts.foundAt ?? time
            } else if check.error?.isDefinite == true {
                next.keys[index].facts.foundAt = nil
            }
        }
        guard let settings = dkim else { return next }
        func own(_ state: DKIMKeyRecord.State) -> [DKIMKeyRecord] {
            keys.filter { $0.facts.state == state && $0.facts.origin == settings.origin }
        }
        let signing = own(.active)
        let needed = signing.isEmpty ? own(.pending) : signing
        let wanted = needed.compactMap { checks[$0.selector] }
        guard let last = wanted.last, wanted.count == needed.count else { return next }
        let worst =
            wanted.first { $0.error?.isDefinite == true } ?? wanted.first { $0.error != nil }
        let check =
            worst
            ?? IdentityCheck(
                at: time, error: nil, detail: wanted.map(\.detail).joined(separator: "; "),
                found: last.found)
        next.dkim?.watch = RecordWatching.outcome(of: check, for: settings.watch)
        return next
    }
}

import Accounts
import DNS
import MailModel
import Storage
import TestSupport
import Testing

/// What a domain becomes by what the DNS says, and when it is looked at again.
@Suite struct DomainVerificationTests {
    typealias Status = IdentityRecord.Status

    static let name = "_amazonses.ours.example"
    static let hour: Int64 = 3_600

    enum Answer: Sendable {
        case found, otherText, noRecord, noSuchName, timedOut, bogus

        func of(_ token: String) -> Result<DNSAnswer, DNSFailure> {
            switch self {
            case .found: .success(DNSAnswer(.records([.txt("other"), .txt(token)])))
            case .otherText: .success(DNSAnswer(.records([.txt("a\"b", "c")])))
            case .noRecord: .success(DNSAnswer(.noRecord))
            case .noSuchName: .success(DNSAnswer(.noSuchName))
            case .timedOut: .failure(.timedOut)
            case .bogus: .failure(.bogus("signature expired"))
            }
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var status: Status
        /// Since the status began.
        var after: Int64
        var answer: Answer
        var becomes: Status
        /// Nil: never by itself.
        var nextAfter: Int64?

        var testDescription: String { "\(status) after \(after) s, \(answer): \(becomes)" }

        init(
            _ status: Status, after: Int64, _ answer: Answer, _ becomes: Status, next: Int64?
        ) {
            self.status = status
            self.after = after
            self.answer = answer
            self.becomes = becomes
            nextAfter = next
        }
    }

    static let cases = [
        Case(.pending, after: 0, .found, .success, next: 24 * hour),
        Case(.pending, after: 0, .noSuchName, .pending, next: 60),
        Case(.pending, after: 60, .noRecord, .pending, next: 60),
        Case(.pending, after: 600, .otherText, .pending, next: 600),
        Case(.pending, after: 48 * hour, .timedOut, .pending, next: hour),
        Case(.pending, after: 72 * hour - 1, .noSuchName, .pending, next: hour),
        Case(.pending, after: 72 * hour, .noSuchName, .failed, next: nil),
        Case(.pending, after: 72 * hour, .timedOut, .failed, next: nil),
        Case(.pending, after: 72 * hour, .found, .success, next: 24 * hour),
        Case(.success, after: 900 * hour, .found, .success, next: 24 * hour),
        Case(.success, after: 900 * hour, .noSuchName, .temporaryFailure, next: hour),
        Case(.success, after: 900 * hour, .noRecord, .temporaryFailure, next: hour),
        Case(.success, after: 900 * hour, .otherText, .temporaryFailure, next: hour),
        // A DNS that fails says nothing about the record.
        Case(.success, after: 900 * hour, .timedOut, .success, next: hour),
        Case(.success, after: 900 * hour, .bogus, .success, next: hour),
        Case(.temporaryFailure, after: hour, .found, .success, next: 24 * hour),
        Case(.temporaryFailure, after: hour, .noRecord, .temporaryFailure, next: hour),
        Case(.temporaryFailure, after: 72 * hour - 1, .noRecord, .temporaryFailure, next: hour),
        Case(.temporaryFailure, after: 72 * hour, .noRecord, .failed, next: nil),
        Case(.temporaryFailure, after: 900 * hour, .timedOut, .temporaryFailure, next: hour),
        Case(.temporaryFailure, after: 900 * hour, .bogus, .temporaryFailure, next: hour),
        Case(.failed, after: hour, .found, .success, next: 24 * hour),
        Case(.failed, after: hour, .noSuchName, .failed, next: nil),
    ]

    @Test(arguments: cases)
    func follows(_ example: Case) async throws {
        let domains = Domains()
        var record = try await domains.add("ours.example")
        record.status = example.status
        record.statusSince = domains.time.now()
        domains.time.advance(seconds: example.after)
        record.lastCheck = IdentityCheck(
            at: domains.time.now(), error: .hostNotFound, detail: "as before", found: [])
        try await domains.write(record)
        domains.zone.put(Self.name, .txt, example.answer.of(try #require(record.token)))

        let next = try #require(try await domains.verifier.check(record))
        #expect(next.status == example.becomes)
        let isKept = example.becomes == example.status
        #expect(next.statusSince == (isKept ? record.statusSince : domains.time.now()))
        #expect(next.nextCheckAt == example.nextAfter.map(domains.time.now().advanced))
        #expect(next.lastCheck?.at == domains.time.now())
        #expect(domains.directory.records == [next])
        let ours = Domain(validatedASCII: "sub.ours.example")
        #expect(
            domains.directory.covers(ours)
                == [.success, .temporaryFailure].contains(example.becomes))
    }

    /// A clock that is days ahead at one look, and right again at the next.
    @Test(arguments: [IdentityRecord.Status.pending, .temporaryFailure])
    func oneLookByAWrongClockDecidesNothing(_ status: IdentityRecord.Status) async throws {
        let domains = Domains()
        var record = try await domains.add("ours.example")
        record.status = status
        record.statusSince = domains.time.now()
        record.lastCheck = IdentityCheck(
            at: domains.time.now(), error: .hostNotFound, detail: "as before", found: [])
        try await domains.write(record)
        domains.zone.put(Self.name, .txt, Answer.noSuchName.of(""))
        domains.time.advance(seconds: 72 * Self.hour)
        let next = try #require(try await domains.verifier.check(record))
        #expect(next.status == status)
        domains.time.advance(seconds: Self.hour)
        #expect(try await domains.verifier.check(next)?.status == .failed)
    }

    @Test(arguments: [
        (Answer.found, nil, ["\"other\"", "\"TOKEN\""]),
        (.otherText, IdentityCheck.ErrorType.invalidValue, [#""a\"b" "c""#]),
        (.noRecord, .typeNotFound, []), (.noSuchName, .hostNotFound, []),
        (.timedOut, .dnsServerError, []), (.bogus, .dnsServerError, []),
    ])
    func saysWhatItFound(
        _ answer: Answer, _ error: IdentityCheck.ErrorType?, _ found: [String]
    ) async throws {
        let domains = Domains()
        let record = try await domains.add("ours.example")
        let token = try #require(record.token)
        domains.zone.put(Self.name, .txt, answer.of(token))
        let check = try #require(try await domains.verifier.check(record)?.lastCheck)
        #expect(check.error == error)
        #expect(check.found == found.map { $0.replacing("TOKEN", with: token) })
        #expect(!check.detail.isEmpty)
        if answer == .bogus { #expect(check.detail.contains("signature expired")) }
    }

    /// The token may stand in several strings of one record, and not in several records.
    @Test(arguments: [(true, nil), (false, IdentityCheck.ErrorType.invalidValue)])
    func joinsTheStringsOfARecord(
        _ isOneRecord: Bool, _ error: IdentityCheck.ErrorType?
    ) async throws {
        let domains = Domains()
        let record = try await domains.add("ours.example")
        let token = try #require(record.token)
        let (start, end) = (String(token.prefix(7)), String(token.dropFirst(7)))
        domains.zone.put(
            Self.name, .txt, isOneRecord ? [.txt(start, end)] : [.txt(start), .txt(end)])
        #expect(try await domains.verifier.check(record)?.lastCheck?.error == error)
    }

    @Test func showsNotMoreThanAPersonReads() async throws {
        let domains = Domains()
        let record = try await domains.add("ours.example")
        let long = String(repeating: "x", count: 1_000)
        domains.zone.put(Self.name, .txt, Array(repeating: .txt(long), count: 50))
        let found = try #require(try await domains.verifier.check(record)?.lastCheck?.found)
        #expect(found.count == 11)
        #expect(found.last == "; and 40 more")
        #expect(found.allSatisfy { $0.count <= 602 })
    }

    @Test func writesTheRecordForAZoneFile() async throws {
        let domains = Domains(prefix: "_mail.verify")
        let record = try await domains.add("ours.example")
        let token = try #require(record.token)
        #expect(token.utf8.count == 44)
        #expect(
            domains.verification.zoneFileLine(of: record)
                == "_mail.verify.ours.example. 1800 IN TXT \"\(token)\"")
    }
}

import DNS
import Foundation
import MailAuthentication
import MailModel
import TestSupport
import Yams

/// The test suite of openspf.org for RFC 7208.
enum SPFSuite: OutsideSuite {
    static let name = "spf-openspf/rfc7208"

    static func results(in folder: String) async throws -> [SuiteResult] {
        try await SPFCorpus.results(in: "\(folder)/rfc7208-tests.yml")
    }
}

/// That of RFC 4408, which RFC 7208 has replaced. For information.
enum SPFHistorySuite: OutsideSuite {
    static let name = "spf-openspf/rfc4408"

    static func results(in folder: String) async throws -> [SuiteResult] {
        try await SPFCorpus.results(in: "\(folder)/rfc4408-tests.yml")
    }
}

/// pyspf's own cases.
enum PySPFSuite: OutsideSuite {
    static let name = "spf-openspf/pyspf"

    static func results(in folder: String) async throws -> [SuiteResult] {
        try await SPFCorpus.results(in: "\(folder)/pyspf-test.yml")
    }
}

private enum SPFCorpus {
    static func results(in path: String) async throws -> [SuiteResult] {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        var results: [SuiteResult] = []
        for scenario in try Yams.compose_all(yaml: text) {
            let zone = zone(scenario["zonedata"])
            for (name, test) in scenario["tests"]?.mapping.map(Array.init) ?? [] {
                results += try await play(name.string ?? "", test, zone)
            }
        }
        return results
    }

    private static func play(
        _ name: String, _ test: Node, _ zone: ZoneResolver
    ) async throws -> [SuiteResult] {
        guard let address = IPAddress(test["host"]?.string ?? "") else {
            throw SuiteProblem("\(name) has no host")
        }
        let sender = SPFSender(
            address, helo: test["helo"]?.string ?? "", mailFrom: test["mailfrom"]?.string ?? "")
        let outcome = await SPFVerifier(
            resolver: zone, time: ManualTime(Timestamp(milliseconds: 1_600_000_000_000)),
            receiver: Domain(validatedASCII: "receiver.example")
        ).check(sender)
        let accepted = strings(test["result"])
        let ours = outcome.result.rawValue
        var results = [
            SuiteResult(
                case: name, step: "result",
                theirs: accepted.contains(ours) ? ours : accepted.joined(separator: " or "),
                ours: ours)
        ]
        if let explanation = test["explanation"]?.string {
            results.append(
                SuiteResult(
                    case: name, step: "explanation", theirs: explanation,
                    ours: outcome.explanation ?? "DEFAULT"))
        }
        return results
    }

    private static func strings(_ node: Node?) -> [String] {
        guard let node else { return [] }
        return node.sequence?.compactMap(\.string) ?? [node.string].compactMap(\.self)
    }

    // MARK: The zone

    private static let types: [DNSRecordType] = [.a, .aaaa, .mx, .ptr, .txt]

    private static func zone(_ data: Node?) -> ZoneResolver {
        let zone = ZoneResolver()
        var names: [String: SPFZoneName] = [:]
        for (name, entries) in data?.mapping.map(Array.init) ?? [] {
            names[(name.string ?? "").lowercased(), default: SPFZoneName()].add(entries)
        }
        for name in names.keys {
            for type in types { zone.put(name, type, answer(name, type, names, hops: 0)) }
        }
        return zone
    }

    private static func answer(
        _ name: String, _ type: DNSRecordType, _ names: [String: SPFZoneName], hops: Int
    ) -> Result<DNSAnswer, DNSFailure> {
        guard let entry = names[name] else { return .success(DNSAnswer(.noSuchName)) }
        if let alias = entry.alias {
            guard hops < 10 else { return .failure(.serverFailed("a loop of aliases")) }
            return answer(alias, type, names, hops: hops + 1)
        }
        let records = entry.records(type)
        if !records.isEmpty { return .success(DNSAnswer(.records(records))) }
        return entry.timesOut ? .failure(.timedOut) : .success(DNSAnswer(.noRecord))
    }
}

/// What a zone of the suite has of one name.
private struct SPFZoneName {
    var timesOut = false
    var alias: String?
    private var found: [DNSRecordType: [DNSRecord]] = [:]
    private var ofSPFType: [DNSRecord] = []
    private var hasText = false

    mutating func add(_ entries: Node) {
        for entry in entries.sequence.map(Array.init) ?? [] {
            guard let pair = entry.mapping?.first else {
                timesOut = timesOut || entry.string == "TIMEOUT"
                continue
            }
            add(pair.key.string ?? "", pair.value)
        }
    }

    private mutating func add(_ type: String, _ value: Node) {
        let text = value.string ?? ""
        switch type {
        case "A", "AAAA":
            guard let address = IPAddress(text) else { return }
            found[type == "A" ? .a : .aaaa, default: []].append(.address(address))
        case "MX":
            let host = Self.name(value.sequence?.last?.string ?? "")
            found[.mx, default: []].append(.exchange(preference: 0, host: host))
        case "PTR":
            if let name = Self.name(text) { found[.ptr, default: []].append(.pointer(name)) }
        case "CNAME": alias = Self.name(text)?.ascii
        case "TXT":
            hasText = true
            if text != "NONE" { found[.txt, default: []].append(Self.text(value)) }
        case "SPF": ofSPFType.append(Self.text(value))
        default: break
        }
    }

    /// What has the type SPF stands for a text, too, where there is none.
    func records(_ type: DNSRecordType) -> [DNSRecord] {
        type == .txt && !hasText ? ofSPFType : found[type] ?? []
    }

    private static func name(_ text: String) -> Domain? {
        Domain(queryName: Array((text.hasSuffix(".") ? String(text.dropLast()) : text).utf8))
    }

    /// A character stands for a byte.
    private static func text(_ value: Node) -> DNSRecord {
        let strings = value.sequence?.compactMap(\.string) ?? [value.string ?? ""]
        return .text(
            strings.map { $0.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) } })
    }
}

import DNS
import Foundation
import MailModel

/// A resolver that knows a zone: a line for each record, `name TYPE data`. Answers are made before
/// anything is measured.
struct FolderResolver: DNSResolver {
    private var answers: [String: [DNSRecordType: DNSAnswer]] = [:]

    init(_ zone: String) {
        var records: [String: [DNSRecordType: [DNSRecord]]] = [:]
        for line in zone.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 2).map(String.init)
            guard words.count == 3, let (type, record) = Self.record(words[1], words[2]) else {
                preconditionFailure("no record: \(line)")
            }
            records[words[0], default: [:]][type, default: []].append(record)
        }
        answers = records.mapValues { $0.mapValues { DNSAnswer(.records($0)) } }
    }

    private static func record(_ type: String, _ data: String) -> (DNSRecordType, DNSRecord)? {
        switch type {
        case "TXT": return (.txt, .text([Array(data.utf8)]))
        case "A": return IPAddress(data).map { (.a, .address($0)) }
        case "MX":
            let host = try? Domain(parsing: data)
            return host.map { (.mx, .exchange(preference: 10, host: $0)) }
        default: return nil
        }
    }

    func ask(_ name: Domain, _ type: DNSRecordType) async throws(DNSFailure) -> DNSAnswer {
        guard let types = answers[name.ascii] else { return DNSAnswer(.noSuchName) }
        return types[type] ?? DNSAnswer(.noRecord)
    }
}

struct SystemTime: TimeSource {
    func now() -> Timestamp {
        Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
    }
}

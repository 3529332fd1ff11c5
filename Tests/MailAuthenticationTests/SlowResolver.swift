import DNS
import MailModel
import TestSupport

/// A zone whose every answer takes some seconds of a clock that else stands.
struct SlowResolver: DNSResolver {
    let zone: ZoneResolver
    let time: ManualTime
    let seconds: Int64

    func ask(_ name: Domain, _ type: DNSRecordType) async throws(DNSFailure) -> DNSAnswer {
        time.advance(seconds: seconds)
        return try await zone.ask(name, type)
    }
}

enum LongNames {
    /// A name of so many bytes below another, in labels of 40 bytes or fewer.
    static func below(_ name: String, bytes: Int) -> String {
        var name = name
        while bytes - name.utf8.count > 1 {
            let rest = bytes - name.utf8.count - 1
            // What is left must not be the dot of one more label alone.
            let label = rest == 41 ? 39 : min(40, rest)
            name = String(repeating: "l", count: label) + "." + name
        }
        return name
    }
}

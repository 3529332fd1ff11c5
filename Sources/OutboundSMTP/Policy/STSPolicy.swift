package import MailModel

/// How a domain's mail wants to be delivered, as its web server says. RFC 8461 §3.2
package struct STSPolicy: Sendable, Hashable {
    package enum Mode: String, Sendable, Hashable {
        case enforce
        case testing
        case none
    }

    /// RFC 8461 §3.2: a year and a little.
    package static let ageSecondsMax: Int64 = 31_557_600
    /// RFC 8461 §3.3
    package static let bytesMax = 65_536
    private static let linesMax = 1_000

    package var mode: Mode
    package var ageSeconds: Int64
    /// Names of hosts, in lower case; `*.` stands for one label.
    package var patterns: [String]
    /// The fields as they were written, for reports. RFC 8460 §4.4
    package var lines: [String]

    /// Reads the text of a policy; nil where it is none. Fields that we do not know are passed over,
    /// and of one that must not be repeated the first counts.
    ///
    ///     sts-policy-record = sts-policy-field *WSP *(sts-policy-term sts-policy-field *WSP)
    ///     sts-policy-term   = LF / CRLF
    package init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count <= Self.bytesMax, bytes.allSatisfy({ $0 < 0x80 && $0 != 0 }) else {
            return nil
        }
        let lines = Array(bytes).split(separator: UInt8(ascii: "\n"))
            .map { Self.trimmed($0) }.filter { !$0.isEmpty }
        guard lines.count <= Self.linesMax else { return nil }
        var fields: [String: String] = [:]
        var patterns: [String] = []
        for line in lines {
            guard let colon = line.firstIndex(of: ":") else { return nil }
            let value = Self.trimmed(line[line.index(after: colon)...].utf8)
            let key = String(line[..<colon])
            if key == "mx" {
                guard let pattern = Self.pattern(value) else { return nil }
                patterns.append(pattern)
            } else if fields[key] == nil {
                fields[key] = value
            }
        }
        guard fields["version"] == "STSv1", let mode = fields["mode"].flatMap(Mode.init),
            let age = fields["max_age"], age.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            (1...10).contains(age.utf8.count), let seconds = Int64(age),
            mode == .none || !patterns.isEmpty
        else { return nil }
        self.mode = mode
        ageSeconds = min(seconds, Self.ageSecondsMax)
        self.patterns = patterns
        self.lines = lines
    }

    private static func trimmed(_ bytes: some Collection<UInt8>) -> String {
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
        let kept = bytes.drop(while: isSpace)
        let count = kept.reversed().drop(while: isSpace).count
        return String(decoding: kept.prefix(count), as: UTF8.self)
    }

    private static func pattern(_ text: String) -> String? {
        let name = text.hasPrefix("*.") ? String(text.dropFirst(2)) : text
        guard let domain = try? Domain(parsing: name) else { return nil }
        return text.hasPrefix("*.") ? "*.\(domain.ascii)" : domain.ascii
    }

    /// RFC 8461 §4.1
    package func allows(_ host: Domain) -> Bool {
        let name = host.ascii
        guard let dot = name.firstIndex(of: ".") else { return patterns.contains(name) }
        return patterns.contains(name) || patterns.contains("*\(name[dot...])")
    }
}

/// The record that says that there is a policy, and which. RFC 8461 §3.1
struct STSRecord: Equatable {
    private static let version = "v=STSv1"

    let id: String

    /// Nil where the texts of `_mta-sts` are not one record, or what calls itself one is none.
    ///
    ///     sts-text-record = sts-version 1*(sts-field-delim sts-field) [sts-field-delim]
    ///     sts-id          = %s"id=" 1*32(ALPHA / DIGIT)
    init?(_ texts: [[UInt8]]) {
        let records = texts.filter {
            $0.starts(with: Array("\(Self.version);".utf8)) || $0.elementsEqual(Self.version.utf8)
        }
        guard records.count == 1, let text = String(validating: records[0], as: UTF8.self) else {
            return nil
        }
        let fields = text.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" } }
        guard fields.first == Self.version,
            let field = fields.first(where: { $0.hasPrefix("id=") })
        else { return nil }
        let id = field.dropFirst(3)
        guard (1...32).contains(id.utf8.count), id.utf8.allSatisfy(Self.isLetterOrDigit) else {
            return nil
        }
        self.id = String(id)
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            true
        default: false
        }
    }
}

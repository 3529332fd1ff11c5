import MailModel

/// What stands in a record at `_dmarc`. Of a tag whose value is none, the default counts; unknown
/// tags do not. RFC 9989 §4.7, RFC 9989 §4.8
package struct DMARCRecord: Sendable, Hashable {
    package enum Alignment: String, Sendable, Hashable {
        case relaxed = "r"
        case strict = "s"
    }

    /// `psd=`: whether the domain is a public suffix.
    package enum PublicSuffix: String, Sendable, Hashable {
        case yes = "y"
        case no = "n"
        case unknown = "u"
    }

    /// `fo=`: of which mails reports of failures are wished for.
    package enum FailureOption: String, Sendable, Hashable {
        /// No identifier passed and was aligned.
        case allFailed = "0"
        /// One did not.
        case anyFailed = "1"
        /// A signature failed, aligned or not.
        case dkimFailed = "d"
        case spfFailed = "s"
    }

    /// Tags of one record that are read.
    package static let tagsMax = 64

    /// `p=`; nil where it is missing, or no policy.
    package private(set) var policy: DMARCPolicy?
    /// `sp=`
    package private(set) var subdomainPolicy: DMARCPolicy?
    /// `np=`
    package private(set) var nonexistentPolicy: DMARCPolicy?
    package private(set) var dkimAlignment = Alignment.relaxed
    package private(set) var spfAlignment = Alignment.relaxed
    package private(set) var publicSuffix = PublicSuffix.unknown
    /// `t=y`: the policy is under test, and the next milder one is wished for.
    package private(set) var isTesting = false
    /// `pct=` of RFC 7489: of how many mails in a hundred the policy is applied to.
    package private(set) var percent = 100
    /// `rua=` and `ruf=`: the URIs as they stand there.
    package private(set) var aggregateReports: [String] = []
    package private(set) var failureReports: [String] = []
    /// `fo=`, in the record's order; options that are none are left out.
    package private(set) var failureOptions = [FailureOption.allFailed]
    /// `ri=` of RFC 7489: seconds between aggregate reports.
    package private(set) var reportSeconds: UInt32 = 86_400
    /// Names of tags whose values are none, in lower case: printable ASCII.
    package private(set) var defects: [String] = []

    /// Reads a text for which `isRecord` holds. Never fails: RFC 9989 §4.7 has what cannot be read
    /// ignored.
    package init(_ text: [UInt8]) {
        var seen: Set<String> = []
        for tag in Self.tags(text) {
            guard let (name, value) = Self.nameAndValue(tag) else {
                defects.append(Array(tag.trimmingFoldingSpace()).printablePrefix)
                continue
            }
            // A tag that stands there again says nothing. RFC 6376 §3.2
            guard seen.insert(name).inserted else {
                defects.append(name)
                continue
            }
            if !read(name, value) { defects.append(name) }
        }
    }

    /// Whether a text of the DNS is meant as DMARC's: its first tag is `v`, of the very value
    /// `DMARC1`. RFC 9989 §4.8
    package static func isRecord(_ text: [UInt8]) -> Bool {
        let first = text.prefix { $0 != UInt8(ascii: ";") }
        guard let (name, value) = nameAndValue(first) else { return false }
        return name == "v" && value == "DMARC1"
    }

    /// Whether `p`, `sp` or `np` stands there and is no policy. RFC 9989 §4.10.1
    package var hasUnusablePolicy: Bool {
        !Set(defects).isDisjoint(with: ["p", "sp", "np"])
    }

    private static func tags(_ text: [UInt8]) -> some Sequence<ArraySlice<UInt8>> {
        text.split(separator: UInt8(ascii: ";")).prefix(tagsMax).lazy
            .filter { !$0.trimmingFoldingSpace().isEmpty }
    }

    /// The name in lower case, and the value in its own case: printable ASCII.
    private static func nameAndValue(
        _ tag: ArraySlice<UInt8>
    ) -> (name: String, value: String)? {
        guard let equals = tag.firstIndex(of: UInt8(ascii: "=")) else { return nil }
        let name = tag[..<equals].trimmingFoldingSpace()
        let value = tag[(equals + 1)...].trimmingFoldingSpace()
        guard !name.isEmpty, name.allSatisfy({ $0.isASCIILetter || $0.isASCIIDigit }),
            value.allSatisfy({ (0x20...0x7E).contains($0) })
        else { return nil }
        return (
            String(decoding: name.map(\.asciiLowercased), as: UTF8.self),
            String(decoding: value, as: UTF8.self)
        )
    }

    /// Whether the value is one of the tag's.
    private mutating func read(_ name: String, _ value: String) -> Bool {
        let word = value.lowercased()
        switch name {
        case "p": return Self.set(&policy, DMARCPolicy(rawValue: word))
        case "sp": return Self.set(&subdomainPolicy, DMARCPolicy(rawValue: word))
        case "np": return Self.set(&nonexistentPolicy, DMARCPolicy(rawValue: word))
        case "adkim": return Self.set(&dkimAlignment, Alignment(rawValue: word))
        case "aspf": return Self.set(&spfAlignment, Alignment(rawValue: word))
        case "psd": return Self.set(&publicSuffix, PublicSuffix(rawValue: word))
        case "t": return Self.set(&isTesting, ["y": true, "n": false][word])
        case "pct":
            return Self.set(&percent, Self.number(value).flatMap { $0 <= 100 ? Int($0) : nil })
        case "ri": return Self.set(&reportSeconds, Self.number(value))
        case "fo": return Self.set(&failureOptions, Self.failureOptions(word))
        case "rua": return Self.set(&aggregateReports, Self.addresses(value))
        case "ruf": return Self.set(&failureReports, Self.addresses(value))
        default: return true
        }
    }

    private static func set<Value>(_ place: inout Value, _ value: Value?) -> Bool {
        guard let value else { return false }
        place = value
        return true
    }

    private static func set<Value>(_ place: inout Value?, _ value: Value?) -> Bool {
        place = value
        return value != nil
    }

    /// `1*DIGIT`
    private static func number(_ text: String) -> UInt32? {
        text.utf8.allSatisfy(\.isASCIIDigit) ? UInt32(text) : nil
    }

    /// Nil where none of the list is one.
    private static func failureOptions(_ list: String) -> [FailureOption]? {
        let found = list.split(separator: ":").compactMap {
            FailureOption(rawValue: $0.filter { $0 != " " })
        }
        return found.isEmpty ? nil : found
    }

    /// The URIs of a list; nil where none is one. RFC 3986 §3
    ///
    ///     dmarc-urilist = dmarc-uri *(*WSP "," *WSP dmarc-uri)
    private static func addresses(_ list: String) -> [String]? {
        let found = list.utf8.split(separator: UInt8(ascii: ",")).map {
            Array($0)[...].trimmingFoldingSpace()
        }.filter(isURI).map { String(decoding: $0, as: UTF8.self) }
        return found.isEmpty ? nil : found
    }

    /// Whether it has a scheme, and nothing that stands in no URI.
    private static func isURI(_ text: ArraySlice<UInt8>) -> Bool {
        guard let colon = text.firstIndex(of: UInt8(ascii: ":")),
            text.first?.isASCIILetter == true
        else { return false }
        return text[..<colon].allSatisfy {
            $0.isASCIILetter || $0.isASCIIDigit || "+-.".utf8.contains($0)
        } && text.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"\"<>\\^`{|}".utf8.contains($0) }
    }
}

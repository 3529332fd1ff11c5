/// Under which names anyone may register a domain: the list of https://publicsuffix.org/list/, in
/// both its sections. Names are compared in A-label form.
package struct PublicSuffixList: Sendable {
    /// Bytes of a list; the real one has a third of a million.
    package static let bytesMax = 4_000_000

    private struct Rules: OptionSet {
        let rawValue: UInt8
        /// `co.uk`
        static let plain = Rules(rawValue: 1)
        /// `*.ck`, kept as `ck`
        static let wildcard = Rules(rawValue: 2)
        /// `!www.ck`, kept as `www.ck`
        static let exception = Rules(rawValue: 4)
    }

    private var rules: [String: Rules] = [:]
    /// Lines that are neither a rule nor a comment.
    package private(set) var unusableCount = 0

    /// Reads a list: a rule to a line, up to its first white space; lines that begin with `//` are
    /// comments. What is no rule is counted and passed over; bytes beyond `bytesMax` are not read.
    package init(_ bytes: [UInt8]) {
        for line in bytes.prefix(Self.bytesMax).split(whereSeparator: { $0 == 10 || $0 == 13 }) {
            let text = line.drop { $0 == 32 || $0 == 9 }
            guard !text.starts(with: "//".utf8) else { continue }
            let rule = text.prefix { $0 != 32 && $0 != 9 }
            if !rule.isEmpty { add(rule) }
        }
    }

    private mutating func add(_ rule: ArraySlice<UInt8>) {
        var kind = Rules.plain
        var name = rule
        if rule.first == UInt8(ascii: "!") {
            kind = .exception
            name = rule.dropFirst()
        } else if rule.starts(with: "*.".utf8) {
            kind = .wildcard
            name = rule.dropFirst(2)
        }
        guard let text = String(validating: name, as: UTF8.self),
            let domain = try? Domain(parsing: text)
        else {
            unusableCount += 1
            return
        }
        rules[domain.ascii, default: []].insert(kind)
    }

    /// Names that rules are about.
    package var rulesCount: Int { rules.count }

    /// The domain that someone has registered: `domain` itself or its parent, one label longer than
    /// the public suffix. Nil for a public suffix, and for an address.
    package func registrableDomain(of domain: Domain) -> Domain? {
        guard !domain.isAddressLiteral, IPAddress(domain.ascii) == nil else { return nil }
        let labels = domain.ascii.split(separator: ".")
        let count = suffixLabelsCount(labels) + 1
        guard labels.count >= count else { return nil }
        let registrable = labels.suffix(count).joined(separator: ".")
        // What ends as an address is no name of the DNS.
        return IPAddress(registrable) == nil ? Domain(validatedASCII: registrable) : nil
    }

    /// The longest rule counts, an exception above all; where none matches, the last label is a
    /// public suffix. https://publicsuffix.org/list/
    private func suffixLabelsCount(_ labels: [Substring]) -> Int {
        var longest = 1
        var suffix = ""
        for (index, label) in labels.reversed().enumerated() {
            suffix = index == 0 ? String(label) : "\(label).\(suffix)"
            guard let found = rules[suffix] else { continue }
            if found.contains(.exception) { return index }
            if found.contains(.plain) { longest = max(longest, index + 1) }
            if found.contains(.wildcard), labels.count > index + 1 {
                longest = max(longest, index + 2)
            }
        }
        return longest
    }
}

/// Finds the recipients in the prose of a report: lines that are an address or begin with one, else
/// addresses that a sentence leads to, else any. What only names helpers and the sender is passed
/// over.
struct RecipientFinder {
    struct Found {
        var address: String
        /// The line that names it.
        var line: Int
        /// What the address was expanded from.
        var original: String?
    }

    /// How much a place says that its address is a recipient's; less is surer.
    enum Place {
        case line, label, sentence, mention, addressee
    }

    private let lines: [String]
    /// Lower-case addresses that are no recipients unless a line is theirs.
    private let others: Set<String>

    init(_ lines: [String], others: Set<String>) {
        self.lines = lines
        self.others = others
    }

    /// Without a place, nothing.
    func found() -> (place: Place?, found: [Found]) {
        var byPlace: [Place: [Found]] = [:]
        for index in lines.indices where lines[index].utf8.contains(UInt8(ascii: "@")) {
            for (place, match) in places(at: index) {
                byPlace[place, default: []].append(match)
            }
        }
        let order: [Place] = [.line, .label, .sentence, .mention, .addressee]
        guard let best = order.first(where: { byPlace[$0] != nil }) else { return (nil, []) }
        let found = Self.unique(byPlace[best, default: []])
        // Of several that are only mentioned, nobody knows which one failed.
        let isVague = best == .mention && found.count > 1
        return isVague ? (nil, []) : (best, found)
    }

    static func unique(_ found: [Found]) -> [Found] {
        var seen: Set<String> = []
        return found.filter { seen.insert($0.address.lowercased()).inserted }
    }

    private func places(at index: Int) -> [(Place, Found)] {
        let line = lines[index]
        let matches = AddressScanner.matches(in: line)
        guard let first = matches.first else { return [] }
        let before = FoldedText(
            String(decoding: line.utf8.prefix(first.range.lowerBound), as: UTF8.self))
        let after = FoldedText(
            String(decoding: line.utf8.dropFirst(first.range.upperBound), as: UTF8.self))
        let label = Self.label(before)
        if let label, FreeFormPhrases.foreignLabels.contains(label) { return [] }
        if Self.isDecoration(before), Self.mayFollow(after) {
            return [(.line, Found(address: first.address, line: index, original: expanded(index)))]
        }
        if label == "to" || label == "an" || label == "à" {
            // Of the mail reported on, which had other recipients too.
            return matches.map { (.addressee, Found(address: $0.address, line: index)) }
        }
        if label != nil, matches.count == 1, Self.isDecoration(after) {
            return [(.label, Found(address: first.address, line: index, original: expanded(index)))]
        }
        return sentences(at: index, matches)
    }

    /// Bytes before an address that may lead to it.
    private static let leadBytesMax = 100

    private func sentences(
        at index: Int, _ matches: [AddressScanner.Match]
    ) -> [(Place, Found)] {
        let line = lines[index]
        let previous = index > 0 ? lines[index - 1].utf8.suffix(Self.leadBytesMax) : "".utf8[...]
        let namesHelper = FoldedText(line).contains(anyOf: FreeFormPhrases.helpers)
        return matches.compactMap { match in
            let before = line.utf8.prefix(match.range.lowerBound).suffix(Self.leadBytesMax)
            let lead = FoldedText(String(decoding: previous + [32] + before, as: UTF8.self))
            let address = match.address.lowercased()
            let isLed = FreeFormPhrases.lead.contains { lead.hasSuffix($0) }
            let isOther = others.contains(address) || Self.isDaemon(address)
            if isOther, !isLed { return nil }
            let isForeign = FreeFormPhrases.foreignLead.contains { lead.hasSuffix($0) }
            if isForeign, !isLed { return nil }
            if isOther, others.contains(address) { return nil }
            if !isLed, namesHelper { return nil }
            return (isLed ? .sentence : .mention, Found(address: match.address, line: index))
        }
    }

    /// `(expanded from: a@b)` in the next line.
    private func expanded(_ index: Int) -> String? {
        guard index + 1 < lines.count, FoldedText(lines[index + 1]).hasPrefix("(expanded from")
        else { return nil }
        return AddressScanner.first(in: lines[index + 1])
    }

    static func isDaemon(_ address: String) -> Bool {
        let local = address.prefix { $0 != "@" }
        return FreeFormPhrases.daemons.contains(local.lowercased())
    }

    /// `failed recipient` of `Failed Recipient:`, in at most six words.
    private static func label(_ before: FoldedText) -> String? {
        var bytes = before.bytes[...]
        while let last = bytes.last,
            last == 32 || last == UInt8(ascii: "[") || last == UInt8(ascii: "<")
        {
            bytes.removeLast()
        }
        if bytes.suffix(5).elementsEqual("smtp:".utf8) { bytes.removeLast(5) }
        while let last = bytes.last, last == 32 || last == UInt8(ascii: "[") { bytes.removeLast() }
        guard bytes.last == UInt8(ascii: ":") else { return nil }
        bytes.removeLast()
        let words = bytes.split(separator: 32)
        guard !words.isEmpty, words.count <= 6 else { return nil }
        let label = bytes.drop { $0 < 97 || $0 > 122 && $0 < 128 }
        return label.isEmpty ? nil : String(decoding: label, as: UTF8.self).trimmed()
    }

    /// Nothing that is said: marks of lists, brackets, quotes.
    private static func isDecoration(_ text: FoldedText) -> Bool {
        text.bytes.allSatisfy { byte in
            switch byte {
            case 97...122, 48...57, 0x80...: false
            default: true
            }
        }
            || text.bytes.elementsEqual("smtp:".utf8) || text.bytes.elementsEqual("[smtp:".utf8)
            || text.bytes.elementsEqual("mailto:".utf8)
    }

    /// What may stand behind an address whose line it is.
    private static func mayFollow(_ text: FoldedText) -> Bool {
        guard let first = text.bytes.first else { return true }
        switch UnicodeScalar(first) {
        case ":", ";", "(", "<", "-", ".", ",":
            return !text.hasPrefix(". ") || text.hasPrefix("...")
        case ")", "'", "*", "]", ">": return true
        default: break
        }
        return text.bytes.first == 32 ? true : follows.contains { text.hasPrefix($0) }
    }

    private static let follows = [
        "on ", "invalid", "no such", "was ", "is ", "could", "user", "said",
    ]
}

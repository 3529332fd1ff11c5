/// A plain text that may answer another one: what its author has written, and the signature below.
///
/// No standard says where an answer ends. Quoted lines go, with the line that says whom they are of;
/// what follows a mark of an original message goes; and what follows `-- ` is the signature
/// (RFC 3676 §4.3). Where nothing would be left, all of the text is the answer.
package struct ReplyText: Sendable, Equatable {
    /// A longer text is no answer, and stays as it is.
    package static let textBytesMax = 262_144

    /// Lines end in LF.
    package let reply: String
    /// With its mark; nil where there is none.
    package let signature: String?
    /// Whether something went that it answers.
    package let isAnswer: Bool

    package init(_ text: String) {
        guard text.utf8.count <= Self.textBytesMax else {
            self.init(reply: text)
            return
        }
        let lines = text.utf8.split(separator: 10, omittingEmptySubsequences: false)
            .map { Substring($0).trimmingLineEnd }
        let own = Self.withoutQuotes(Self.beforeOriginal(lines))
        let mark = Self.signatureMark(own)
        let reply = Self.joined(own[..<(mark ?? own.count)])
        guard !reply.isEmpty else {
            self.init(reply: Self.joined(lines[...]))
            return
        }
        self.init(
            reply: reply, signature: mark.map { Self.joined(own[$0...]) },
            isAnswer: own.count < lines.count)
    }

    private init(reply: String, signature: String? = nil, isAnswer: Bool = false) {
        self.reply = reply
        self.signature = signature
        self.isAnswer = isAnswer
    }

    /// Without blank lines at both ends.
    private static func joined(_ lines: ArraySlice<Substring>) -> String {
        var lines = lines
        while lines.first?.isBlank == true { lines.removeFirst() }
        while lines.last?.isBlank == true { lines.removeLast() }
        return lines.joined(separator: "\n")
    }

    // MARK: Originals

    /// Between dashes, in small letters.
    private static let originals: Set<String> = [
        "original message", "ursprüngliche nachricht", "message d'origine", "message d’origine",
        "mensaje original", "messaggio originale", "oorspronkelijk bericht",
    ]
    /// Of the first field, and of one of the next, of a header that Outlook writes above what it
    /// quotes.
    private static let headers: [(first: String, next: [String])] = [
        ("From:", ["Sent:", "Date:"]), ("Von:", ["Gesendet:", "Datum:"]),
        ("De :", ["Envoyé :", "Date :"]), ("De:", ["Enviado:", "Fecha:"]),
    ]

    private static func beforeOriginal(_ lines: [Substring]) -> [Substring] {
        for (index, line) in lines.enumerated() {
            let isMark =
                isOriginalMark(line) || isHeader(lines, at: index) || isUnquoted(lines, at: index)
            guard isMark else { continue }
            let own = lines[..<index]
            // A rule stands above the header.
            let rule = own.last.map { $0.utf8.count >= 20 && $0.utf8.allSatisfy { $0 == 0x5F } }
            return Array(rule == true ? own.dropLast() : own)
        }
        return lines
    }

    private static func isOriginalMark(_ line: Substring) -> Bool {
        guard line.utf8.first == UInt8(ascii: "-"), line.utf8.last == UInt8(ascii: "-")
        else { return false }
        return originals.contains(line.trimming("-").trimming(" ").lowercased())
    }

    private static func isHeader(_ lines: [Substring], at index: Int) -> Bool {
        headers.contains { first, next in
            lines[index].hasPrefix(first)
                && lines[(index + 1)...].prefix(3).contains { line in
                    next.contains { line.hasPrefix($0) }
                }
        }
    }

    /// Whether a line says whose the rest is, and that is not marked as quoted.
    private static func isUnquoted(_ lines: [Substring], at index: Int) -> Bool {
        guard let length = attribution(lines[index...].prefix(attributionLinesMax)) else {
            return false
        }
        let next = lines[(index + length)...].first { !$0.isBlank }
        return next.map { !$0.isQuoted } ?? true
    }

    // MARK: Quotes

    /// How a line begins that says whom a quote is of, and its verb.
    private static let attributions = [
        ("On ", "wrote"), ("Am ", "schrieb"), ("Le ", "a écrit"), ("El ", "escribió"),
        ("Il ", "ha scritto"), ("Op ", "schreef"),
    ]
    /// Lines over which it may be broken.
    private static let attributionLinesMax = 3
    /// Between it and the quote. What is looked at for each quote is bounded by it, too.
    private static let blankLinesMax = 3

    /// How many of `lines`, from the first on, say whom a quote is of; nil where they do not.
    private static func attribution(_ lines: ArraySlice<Substring>) -> Int? {
        guard let first = lines.first,
            let (_, verb) = attributions.first(where: { first.hasPrefix($0.0) })
        else { return nil }
        var text = ""
        for (count, line) in zip(1..., lines) {
            if line.isBlank { return nil }
            text += line + " "
            guard text.hasSuffix(": ") else { continue }
            // A name may stand behind the verb, with its address.
            let isAtEnd = text.hasSuffix("\(verb): ") || text.hasSuffix("\(verb) : ")
            if isAtEnd || text.contains(verb) && text.contains("@") { return count }
        }
        return nil
    }

    private static func withoutQuotes(_ lines: [Substring]) -> [Substring] {
        var own: [Substring] = []
        var isQuote = false
        for line in lines {
            if !line.isQuoted {
                own.append(line)
            } else if !isQuote {
                // Once for all lines of a quote: what stands above them may be long.
                dropAttribution(from: &own)
            }
            isQuote = line.isQuoted
        }
        return own
    }

    private static func dropAttribution(from own: inout [Substring]) {
        let near = own.suffix(blankLinesMax + 1)
        guard let written = near.lastIndex(where: { !$0.isBlank }).map({ $0 + 1 }) else { return }
        for count in 1...attributionLinesMax where count <= written {
            guard attribution(own[(written - count)..<written]) == count else { continue }
            own.removeSubrange((written - count)...)
            return
        }
    }

    // MARK: Signatures

    /// What telephones write below.
    private static let devices = [
        "Sent from my ", "Von meinem ", "Envoyé de mon ", "Enviado desde mi ",
    ]

    private static func signatureMark(_ lines: [Substring]) -> Int? {
        if let mark = lines.lastIndex(where: { $0 == "-- " || $0 == "--" }) { return mark }
        guard let last = lines.lastIndex(where: { !$0.isBlank }) else { return nil }
        return devices.contains { lines[last].hasPrefix($0) } ? last : nil
    }
}

extension Substring {
    fileprivate var isBlank: Bool { utf8.allSatisfy { $0 == 32 || $0 == 9 } }
    fileprivate var isQuoted: Bool { utf8.first == UInt8(ascii: ">") }
    /// Of CRLF, the CR.
    fileprivate var trimmingLineEnd: Substring {
        utf8.last == 13 ? Substring(utf8.dropLast()) : self
    }

    fileprivate func trimming(_ character: Character) -> Substring {
        var text = self
        while text.first == character { text.removeFirst() }
        while text.last == character { text.removeLast() }
        return text
    }
}

import MailModel

/// A text of a rule with places for what is known of a mail: `${recipient}`, or a named group of an
/// expression. `$${` stands for `${` itself. What is filled in is made harmless for where it goes.
struct Template {
    /// Where a text is used: what may stand there.
    enum Place {
        /// A part of an object's key: letters, digits and a few marks; everything else, and a dot at
        /// the beginning, becomes `_`, so that nothing leaves its folder.
        case key
        /// The value of a header field: printable ASCII on one line; what is beyond ASCII stands in
        /// encoded words.
        case header
        /// What a refusal says: printable ASCII, as replies of SMTP are; `?` for each character of
        /// everything else.
        case reply
        /// A part of an address: letters, digits and a few marks. With anything else, or nothing, it is
        /// no address any more: another one would be somebody else's.
        case address
        /// The subject of an answer: one line in any language.
        case subject
        /// The text of an answer: of a value one line, so that a sender writes no more than a word or
        /// two of what we say.
        case text
        /// The same as HTML.
        case html
    }

    /// Places in one text.
    static let namesMax = 20
    /// Bytes of a value that are filled into a key or an address, UTF-8.
    static let keyBytesMax = 64
    /// Bytes of a header's value with all that was filled in, UTF-8: in encoded words it still fits
    /// into a line. RFC 5322 §2.1.1
    static let headerBytesMax = 512
    /// Bytes of a refusal's text with all that was filled in: a reply line has 512, and a multiple of
    /// it none. RFC 5321 §4.5.3.1.5
    static let replyBytesMax = 400
    /// Bytes of a value that are filled into a subject or text, UTF-8.
    static let textBytesMax = 200

    private enum Piece {
        case text(String)
        case name(String)
    }

    private var pieces: [Piece] = []
    /// Names that stand in it, in order.
    let names: [String]

    /// Whether `text` has to be filled in, or has something to be taken off.
    static func isTemplate(_ text: String) -> Bool { text.contains("${") }

    /// A text that, filled in, is `text` again.
    static func escaping(_ text: String) -> String {
        text.replacing("${", with: "$${")
    }

    /// Nil where a place has no end, or what stands in it is no name.
    init?(_ text: String) {
        var rest = Substring(text)
        var names: [String] = []
        while let mark = rest.firstRange(of: "${") {
            let before = rest[..<mark.lowerBound]
            rest = rest[mark.upperBound...]
            if before.last == "$" {
                pieces.append(.text("\(before.dropLast())${"))
                continue
            }
            guard let end = rest.firstIndex(of: "}"), end > rest.startIndex else { return nil }
            let name = String(rest[..<end])
            guard name.utf8.allSatisfy(Self.isNameByte) else { return nil }
            pieces += [.text(String(before)), .name(name)]
            names.append(name)
            rest = rest[rest.index(after: end)...]
        }
        pieces.append(.text(String(rest)))
        self.names = names
    }

    /// Bytes that it has at most, where values are filled in that have `keyBytesMax`.
    var keyLengthMax: Int {
        pieces.reduce(0) { length, piece in
            switch piece {
            case .text(let text): length + text.utf8.count
            case .name: length + Self.keyBytesMax
            }
        }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        byte.isASCIILetter || byte.isASCIIDigit || byte == UInt8(ascii: "_")
    }

    /// `value`: nil where a mail has no such thing, which is then the empty text, or `_` in a key.
    func filled(for place: Place, _ value: (String) -> String?) -> String {
        let text = pieces.map { piece in
            switch piece {
            case .text(let text): text
            case .name(let name): Self.harmless(value(name) ?? "", place)
            }
        }.joined()
        // What its author wrote is fit for its place.
        guard !names.isEmpty else { return text }
        switch place {
        case .header: return EncodedWords.encode(text.prefix(utf8Bytes: Self.headerBytesMax))
        case .reply: return Self.printable(text.unicodeScalars.prefix(Self.replyBytesMax))
        case .subject: return text.prefix(utf8Bytes: Self.headerBytesMax)
        case .key, .address, .text, .html: return text
        }
    }

    private static func harmless(_ value: String, _ place: Place) -> String {
        switch place {
        case .key:
            let bytes = value.utf8.prefix(keyBytesMax).map { byte in
                isKeyByte(byte) ? byte : UInt8(ascii: "_")
            }
            var key = String(decoding: bytes, as: UTF8.self)
            if key.isEmpty || key.hasPrefix(".") { key = "_" + key.dropFirst() }
            return key
        case .address:
            let isPart =
                (1...keyBytesMax).contains(value.utf8.count)
                && value.utf8.allSatisfy { isKeyByte($0) && $0 != UInt8(ascii: "@") }
            return isPart ? value : " "
        case .header, .reply: return value
        case .subject, .text: return line(value)
        case .html: return escapedHTML(line(value))
        }
    }

    private static func printable(_ text: Substring.UnicodeScalarView) -> String {
        String(
            String.UnicodeScalarView(text.map { (32...126).contains($0.value) ? $0 : "?" }))
    }

    private static func line(_ value: String) -> String {
        let scalars = value.prefix(utf8Bytes: textBytesMax).unicodeScalars.map { scalar in
            scalar.properties.generalCategory == .control ? " " : scalar
        }
        return String(String.UnicodeScalarView(scalars))
    }

    private static func escapedHTML(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
            .replacing(">", with: "&gt;").replacing("\"", with: "&quot;")
            .replacing("'", with: "&#39;")
    }

    static func isKeyByte(_ byte: UInt8) -> Bool {
        byte.isASCIILetter || byte.isASCIIDigit || "-_.@+=".utf8.contains(byte)
    }
}

/// What can be filled in of every mail.
enum TemplateFact: String, CaseIterable {
    /// The first of the recipients that the rule takes, and its parts.
    case recipient, recipientLocalPart, recipientDomain
    case mailFrom, fromDomain, subject
    /// When it came, in UTC: `2026`, `11`, `28`.
    case year, month, day

    var needs: MailFacts.Needs {
        switch self {
        case .fromDomain, .subject: .header
        case .recipient, .recipientLocalPart, .recipientDomain, .mailFrom, .year, .month, .day: []
        }
    }

    func value(_ reader: inout FactReader) -> String? {
        switch self {
        case .recipient: reader.recipients.first?.wireText.lowercased()
        case .recipientLocalPart: reader.recipients.first?.foldedLocalPart
        case .recipientDomain: reader.recipients.first?.domain.ascii
        case .mailFrom: reader.texts(of: .mailFrom).known.first?.text
        case .fromDomain: reader.texts(of: .fromDomain).known.first?.text
        case .subject: reader.texts(of: .subject).known.first?.text
        case .year: date(reader, 0..<4)
        case .month: date(reader, 5..<7)
        case .day: date(reader, 8..<10)
        }
    }

    /// A piece of `2019-08-05T…`.
    private func date(_ reader: FactReader, _ piece: Range<Int>) -> String? {
        guard case .known(let time) = reader.facts.receivedAt else { return nil }
        return String(decoding: Array(time.iso8601Text.utf8)[piece], as: UTF8.self)
    }
}

extension ReceiptAction {
    /// Its texts that may be templates, each with where it goes.
    private var templateTexts: [String] {
        switch self {
        case .store(_, let prefix, _, _): prefix.map { [$0] } ?? []
        case .addHeader(_, let value), .tag(_, let value): [value]
        case .forward(let targets, _, _): targets
        case .reply(let reply): reply.templateTexts
        case .reject(_, _, let text, _): [text]
        case .invoke, .notify, .relay, .deliver, .webhook, .bounce, .removeHeader, .quarantine,
            .stop, .drop:
            []
        }
    }

    /// Whether `filled` changes it: something of the mail, or a `$` that is taken off.
    var isFilled: Bool { templateTexts.contains(where: Template.isTemplate) }

    /// Whether something of the mail is filled into it.
    package var isTemplate: Bool { !templateNames.isEmpty }

    var templateNames: [String] {
        templateTexts.filter(Template.isTemplate).flatMap { Template($0)?.names ?? [] }
    }

    /// The same with everything filled in.
    func filled(_ value: (String) -> String?) -> ReceiptAction {
        func fill(_ text: String, _ place: Template.Place) -> String {
            guard Template.isTemplate(text), let template = Template(text) else { return text }
            return template.filled(for: place, value)
        }
        switch self {
        case .store(let bucket, let prefix, let topic, let onFailure):
            return .store(
                bucket: bucket, prefix: prefix.map { fill($0, .key) }, topic: topic,
                onFailure: onFailure)
        case .addHeader(let name, let text):
            return .addHeader(name: name, value: fill(text, .header))
        case .tag(let name, let text):
            return .tag(name: name, value: MailTag.value(fill(text, .key)))
        case .forward(let targets, let identity, let author):
            return .forward(
                to: targets.map { fill($0, .address) }, identity: identity, author: author)
        case .reply(let reply): return .reply(reply.filled(fill))
        case .reject(let code, let status, let text, let asking):
            return .reject(code: code, status: status, text: fill(text, .reply), asking: asking)
        case .invoke, .notify, .relay, .deliver, .webhook, .bounce, .removeHeader, .quarantine,
            .stop, .drop:
            return self
        }
    }
}

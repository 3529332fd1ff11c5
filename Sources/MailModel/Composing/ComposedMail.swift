/// A mail that is composed of its parts: 7-bit, whatever they hold. SES: `SendEmail`
///
/// Every value is checked before it becomes a field: none can begin another one, or end the
/// header.
package struct ComposedMail: Sendable {
    package static let attachmentsMax = 100
    /// Bytes of a subject or of a field's value.
    package static let valueBytesMax = 16_384
    /// Bytes of an attachment's name: file systems have as many.
    package static let attachmentNameBytesMax = 255

    /// An address, and the name of whom it belongs to.
    package struct Person: Sendable, Hashable {
        package var name: String?
        package var mailbox: Mailbox

        package init(name: String? = nil, mailbox: Mailbox) {
            self.name = name
            self.mailbox = mailbox
        }

        /// The one whom `text` names, as a header would: `Ada <ada@example.com>`.
        package init(_ text: String) throws(Refusal) {
            let people = try Self.list(text)
            guard people.count == 1 else { throw .address(text) }
            self = people[0]
        }

        /// All whom `text` names, at least one.
        package static func list(_ text: String) throws(Refusal) -> [Person] {
            guard !text.unicodeScalars.contains(where: \.endsALine) else {
                throw .control("an address")
            }
            let bytes = Array(text.utf8)
            let entries = AddressList.mailboxes(bytes)
            guard let certain = try? AddressList.certainAddresses(bytes), !entries.isEmpty,
                certain.count == entries.count
            else { throw .address(text) }
            var people: [Person] = []
            for (entry, address) in zip(entries, certain) {
                guard let mailbox = Mailbox(String(decoding: address, as: UTF8.self)) else {
                    throw .address(entry.address)
                }
                people.append(Person(name: entry.name, mailbox: mailbox))
            }
            return people
        }

        fileprivate var text: String {
            guard let name, !name.isEmpty else { return mailbox.wireText }
            return "\(DisplayName.text(name)) <\(mailbox.wireText)>"
        }
    }

    package struct Attachment: Sendable {
        package var name: String
        /// `application/pdf`
        package var type: String
        package var content: [UInt8]

        package init(name: String, type: String, content: [UInt8]) {
            self.name = name
            self.type = type
            self.content = content
        }
    }

    /// Why a mail cannot be composed so.
    package enum Refusal: Error, Sendable, Hashable, CustomStringConvertible {
        case address(String)
        /// A control character, such as a line end, where one line is expected.
        case control(String)
        case tooLong(String, Int)
        case noValue(String)
        case fieldName(String)
        /// A field that is written from a part of its own.
        case reservedField(String)
        case tooManyAttachments
        case contentType(String)

        package var description: String {
            switch self {
            case .address(let text): "“\(text)” is no mail address"
            case .control(let what): "\(what) has a control character; it is one line of text"
            case .tooLong(let what, let most): "\(what) has over \(most) bytes"
            case .noValue(let name): "the field “\(name)” has no value"
            case .fieldName(let name): "“\(name)” is no name of a header field"
            case .reservedField(let name): "the field \(name) is written by us"
            case .tooManyAttachments: "a mail has at most \(attachmentsMax) attachments"
            case .contentType(let type): "“\(type)” is no content type, such as application/pdf"
            }
        }
    }

    package var from: Person
    package var to: [Person] = []
    package var cc: [Person] = []
    package var replyTo: [Person] = []
    package var subject: String?
    package var text: String?
    package var html: String?
    package private(set) var attachments: [Attachment] = []
    private var others: [ComposedField] = []

    package init(from: Person) {
        self.from = from
    }

    /// Adds a field of the caller's own, in encoded words where its value is beyond ASCII.
    package mutating func add(field name: String, value: String) throws(Refusal) {
        guard !Self.reserved.contains(name.lowercased()), !name.lowercased().hasPrefix("content-")
        else { throw .reservedField(name) }
        let shown = "the value of “\(name)”"
        try Self.check(value, shown)
        guard ComposedField(name, "x") != nil else { throw .fieldName(name) }
        guard !value.allSatisfy({ $0 == " " }) else { throw .noValue(name) }
        guard let field = ComposedField(name, Self.words(value)) else {
            throw .tooLong(shown, ComposedField.lineBytesMax)
        }
        others.append(field)
    }

    package mutating func attach(_ attachment: Attachment) throws(Refusal) {
        guard attachments.count < Self.attachmentsMax else { throw .tooManyAttachments }
        try Self.check(attachment.name, "an attachment's name", Self.attachmentNameBytesMax)
        let parts = attachment.type.utf8.split(
            separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard parts.count == 2,
            parts.allSatisfy({ !$0.isEmpty && $0.allSatisfy(AddressParser.isAtomText) })
        else { throw .contentType(attachment.type) }
        attachments.append(attachment)
    }

    private static let reserved: Set<String> = [
        "from", "to", "cc", "bcc", "reply-to", "subject", "date", "message-id", "mime-version",
    ]

    private static func check(
        _ value: String, _ what: String, _ bytesMax: Int = valueBytesMax
    ) throws(Refusal) {
        guard !value.unicodeScalars.contains(where: \.endsALine) else { throw .control(what) }
        guard value.utf8.count <= bytesMax else { throw .tooLong(what, bytesMax) }
    }

    /// Header section and body, in lines with CRLF ends that are 7-bit, but for addresses that are
    /// not; Date and Message-ID are given by whoever sends it. `seed` makes the boundaries, and is
    /// random where nobody needs the same bytes again.
    package func bytes(seed: [UInt8]) throws(Refusal) -> [UInt8] {
        var header = [try Self.field("From", [from])]
        for (name, people) in [("To", to), ("Cc", cc), ("Reply-To", replyTo)]
        where !people.isEmpty {
            header.append(try Self.field(name, people))
        }
        if let subject, !subject.isEmpty {
            try Self.check(subject, "the subject")
            guard let field = ComposedField("Subject", Self.words(subject)) else {
                throw .tooLong("a word of the subject", ComposedField.lineBytesMax)
            }
            header.append(field)
        }
        return entity(seed).mail(header + others).bytes
    }

    private static func words(_ text: String) -> String {
        EncodedWords.encode(text.split(separator: " ").joined(separator: " "))
    }

    private static func field(_ name: String, _ people: [Person]) throws(Refusal) -> ComposedField {
        // Such an address has no 7-bit form; who takes the mail has to offer SMTPUTF8.
        let isBeyondASCII = people.contains {
            $0.mailbox.localPart.utf8.contains { $0 > 127 }
        }
        let texts = people.map { $0.text.split(separator: " ").joined(separator: " ") }
        let value = texts.joined(separator: ", ")
        let field =
            isBeyondASCII
            ? ComposedField(name, internationalized: value) : ComposedField(name, value)
        guard let field else {
            throw .tooLong("an entry of the field \(name)", ComposedField.lineBytesMax)
        }
        return field
    }

    private func entity(_ seed: [UInt8]) -> ComposedEntity {
        var bodies: [ComposedEntity] = []
        if let text { bodies.append(.text(text)) }
        if let html { bodies.append(.html(html)) }
        if bodies.isEmpty { bodies.append(.text("")) }
        var body = bodies[0]
        if bodies.count > 1 {
            body = .multipart("alternative", boundarySeed: (seed + [1])[...], bodies)
        }
        guard !attachments.isEmpty else { return body }
        return .multipart(
            "mixed", boundarySeed: (seed + [2])[...],
            [body]
                + attachments.map { .attachment($0.content, type: $0.type, name: $0.name) })
    }
}

extension Unicode.Scalar {
    /// For some reader: a control, or what ends a line without being one.
    fileprivate var endsALine: Bool { isControl || value == 0x2028 || value == 0x2029 }
}

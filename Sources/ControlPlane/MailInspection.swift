import Feedback
package import MailModel

/// What is seen in a mail: its structure, what deviates in it, what it carries and tells, and what
/// it was found to be.
package struct MailInspection: Sendable, Codable {
    package struct Part: Sendable, Codable {
        /// RFC 3501 §6.4.5: `2.1` is the first part of the second; empty for the mail itself where it
        /// has parts.
        package var section: String
        package var depth: Int
        package var type: String
        package var charset: String?
        package var transferEncoding: String
        package var disposition: String?
        package var name: String?
        /// Of the body as it came.
        package var bytes: Int
        /// Of a text: its first characters as a reader shows them, flowed lines joined.
        package var text: String?
        /// What a calendar asks its reader for; nil for other parts.
        package var calendar: Calendar?

        /// Characters of `text` that are shown.
        package static let textCharactersMax = 1_000
    }

    package struct Calendar: Sendable, Codable {
        package var method: String?
        package var events: [Event]
        /// There are more events than are listed.
        package var isCut: Bool

        /// Values as written, RFC 5545.
        package struct Event: Sendable, Codable {
            package var uid: String?
            package var summary: String?
            package var location: String?
            package var start: String?
            package var end: String?
            package var organizer: String?
        }
    }

    /// One address of the header as a reader takes it.
    package struct Address: Sendable, Codable {
        package var field: String
        /// Decoded, without quotes; from a comment where it stands there.
        package var name: String?
        package var address: String
        package var group: String?
    }

    package struct Defect: Sendable, Codable {
        package var fact: String
        /// From 1.
        package var line: Int
        package var offset: Int
    }

    package struct Attachment: Sendable, Codable {
        package var section: String
        /// `part`, `uuencode` or `tnef`: what it was found in.
        package var container: String
        package var declaredType: String?
        /// By its first bytes.
        package var seenType: String?
        package var disposition: String?
        /// Every name that it is given, the one that counts first, with where each stands.
        package var names: [Name]
        package var bytes: Int
        package var sha256: String

        package struct Name: Sendable, Codable {
            package var place: String
            package var value: String
        }
    }

    package var bytes: Int
    package var headerBytes: Int
    package var from: [String]
    package var to: [String]
    package var cc: [String]
    /// Those of `from`, `to` and `cc`, each taken apart.
    package var addresses: [Address]
    package var subject: String?
    package var date: String?
    package var messageID: String?
    package var parts: [Part]
    package var defects: [Defect]
    package var attachments: [Attachment]
    /// There are more attachments than are listed.
    package var isCut: Bool
    /// What it tells of mails that were sent; nil where it tells nothing.
    package var feedback: FeedbackView?
    /// What it was found to be, by whoever asked; empty where nobody did.
    package var verdicts: [VerdictView] = []
    /// Which lists and scanners were asked about it.
    package var inquiries: [InquiryView] = []
    /// Its own fields that claim to be results of ours. RFC 8601 §5
    package var forgedResults: [String] = []

    /// `guesser`: nil where nobody says what content is by its bytes.
    package init(_ mail: [UInt8], guesser: (any ContentTypeGuesser)?) {
        let message = MIMEMessage(mail)
        let header = message.header
        let carried = MIMEAttachments(of: message, guesser: guesser)
        bytes = mail.count
        headerBytes = header.length
        from = Self.addresses(header, "From")
        to = Self.addresses(header, "To")
        cc = Self.addresses(header, "Cc")
        addresses = ["From", "To", "Cc"].flatMap { name in
            header.all(name).flatMap { AddressList.mailboxes($0.body) }.map { entry in
                Address(
                    field: name, name: entry.name, address: entry.address, group: entry.group)
            }
        }
        subject = header.first("Subject")?.decodedText
        date = header.first("Date")?.decodedText
        messageID = header.first("Message-ID")?.decodedText
        parts = zip(message.parts, message.sections).map(Part.init)
        defects = Self.defects(of: message, header)
        attachments = carried.list.map(Attachment.init)
        isCut = carried.isCut
        feedback = FeedbackView(MailFeedback.read(message))
    }

    private static func addresses(_ header: HeaderBlock, _ name: String) -> [String] {
        header.all(name).flatMap(\.entries)
    }

    private static func defects(of message: MIMEMessage, _ header: HeaderBlock) -> [Defect] {
        let inHeader = header.defects.map { defect -> (String, Int) in
            switch defect {
            case .noField(let offset): ("noField", offset)
            case .orphanContinuation: ("orphanContinuation", 0)
            }
        }
        let all = inHeader + message.defects.map { ($0.fact.rawValue, $0.offset) }
        // Lines are counted once for all: a mail may have a thousand defects.
        var (line, position) = (1, 0)
        return all.sorted { $0.1 < $1.1 }.map { fact, offset in
            let end = min(offset, message.bytes.count)
            for byte in message.bytes[position..<end] where byte == UInt8(ascii: "\n") { line += 1 }
            position = end
            return Defect(fact: fact, line: line, offset: offset)
        }
    }
}

extension MailInspection.Part {
    init(_ part: MIMEPart, section: String) {
        self.init(
            section: section, depth: part.depth, type: part.contentType.essence,
            charset: part.contentType.parameters["charset"],
            transferEncoding: part.transferEncoding.rawValue,
            disposition: part.disposition?.type, name: part.fileNames.first?.value,
            bytes: part.bodyRange.count,
            text: part.contentType.essence.hasPrefix("text/")
                ? String(part.readableText().prefix(Self.textCharactersMax)) : nil,
            calendar: part.calendar.map(MailInspection.Calendar.init))
    }
}

extension MailInspection.Calendar {
    init(_ calendar: CalendarText) {
        self.init(
            method: calendar.method,
            events: calendar.events.map { event in
                Event(
                    uid: event.uid, summary: event.summary, location: event.location,
                    start: event.start, end: event.end, organizer: event.organizer)
            }, isCut: calendar.isCut)
    }
}

extension MailInspection.Attachment {
    init(_ attachment: MIMEAttachment) {
        self.init(
            section: attachment.section, container: attachment.container.rawValue,
            declaredType: attachment.declaredType, seenType: attachment.seenType,
            disposition: attachment.disposition,
            names: attachment.names.map { Name(place: $0.place, value: $0.value) },
            bytes: attachment.size, sha256: Hexadecimal.text(attachment.sha256))
    }
}

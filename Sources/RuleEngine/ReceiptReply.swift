/// What a rule has answered to whoever wrote. RFC 3834
package struct ReceiptReply: Sendable, Hashable, Codable {
    /// A template, at most `subjectBytesMax`.
    package var subject: String
    /// Templates of at most `textBytesMax` each.
    package var text: String
    package var html: String?
    /// Whom it is from, an address of a verified identity; nil: the recipient.
    package var identity: String?
    /// A sender is answered once in so many days.
    package var everyDays: Int
    /// Nobody is answered whose mail names none of the recipients. RFC 3834 §2
    package var isOnlyWhereNamed: Bool

    /// Bytes of a subject before anything is filled in, UTF-8.
    package static let subjectBytesMax = 200
    /// Bytes of a text before anything is filled in, UTF-8.
    package static let textBytesMax = 20_000
    package static let everyDaysRange = 1...90
    /// RFC 3834 §3.1.5
    static let subjectUsual = "Auto: ${subject}"
    /// RFC 5230 §4.1
    static let everyDaysUsual = 7

    package init(
        subject: String, text: String, html: String?, identity: String?, everyDays: Int,
        isOnlyWhereNamed: Bool
    ) {
        self.subject = subject
        self.text = text
        self.html = html
        self.identity = identity
        self.everyDays = everyDays
        self.isOnlyWhereNamed = isOnlyWhereNamed
    }

    var templateTexts: [String] { [subject, text] + (html.map { [$0] } ?? []) }

    func filled(_ fill: (String, Template.Place) -> String) -> ReceiptReply {
        var reply = self
        reply.subject = fill(subject, .subject)
        reply.text = fill(text, .text)
        reply.html = html.map { fill($0, .html) }
        return reply
    }
}

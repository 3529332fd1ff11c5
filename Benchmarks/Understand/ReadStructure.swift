import MailModel

/// Reads a mail's tree of parts.
struct ReadStructure: Work {
    init(_ folder: MailFolder) {}

    func run(_ mail: [UInt8]) throws {
        let message = MIMEMessage(mail)
        guard message.parts.count == 5, message.defects.isEmpty else {
            throw WrongOutcome(text: "\(message.parts.count) parts, \(message.defects)")
        }
    }
}

import ControlPlane
import Foundation

/// The queue as mailq prints it, for people and for the programs that read that: an entry for each
/// mail, `!` behind the id of one that is held.
enum QueueReport {
    static func text(_ recipients: [SentRecipientView]) -> String {
        guard !recipients.isEmpty else { return "Mail queue is empty\n" }
        var text = "-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------\n"
        var rest = recipients[...]
        var mails = 0
        var bytes = 0
        while let first = rest.first {
            let mail = rest.prefix { $0.messageID == first.messageID }
            rest = rest.dropFirst(mail.count)
            mails += 1
            bytes += first.bytes
            let mark = mail.allSatisfy { $0.state == "held" } ? "!" : " "
            let sender = first.sender.isEmpty ? "MAILER-DAEMON" : first.sender
            text += "\(first.messageID)\(mark) \(padded("\(first.bytes)", 8)) "
            text += "\(time(first.acceptedAt))  \(Terminal.printable(sender))\n"
            for recipient in mail {
                if let detail = recipient.lastWord {
                    text += "(\(Terminal.printable(detail)))\n"
                }
                text += padded("", 41) + Terminal.printable(recipient.recipient) + "\n"
            }
            text += "\n"
        }
        return text + "-- \((bytes + 1_023) / 1_024) Kbytes in \(mails) "
            + (mails == 1 ? "Request.\n" : "Requests.\n")
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    /// `Thu Jan  1 00:00:00`, by this machine's clock.
    private static func time(_ text: String) -> String {
        let reader = ISO8601DateFormatter()
        reader.formatOptions = [.withInternetDateTime, .withFractionalSeconds]
        guard let date = reader.date(from: text) else { return text }
        var seconds = time_t(date.timeIntervalSince1970)
        var fields = tm()
        localtime_r(&seconds, &fields)
        var buffer = [CChar](repeating: 0, count: 32)
        strftime(&buffer, buffer.count, "%a %b %e %H:%M:%S", &fields)
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
    }
}

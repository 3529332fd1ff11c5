/// What a report on a mail tells people, in English.
struct DeliveryReportProse {
    /// Bytes of an answer that are told.
    private static let answerBytesMax = 900

    let reportingMTA: Domain
    let recipients: [DeliveryReportMail.Recipient]
    /// Who answered where no host is named.
    let answerer: String

    /// By the worst that happened.
    var subject: String {
        let actions = Set(recipients.map(\.action))
        let worst = DeliveryReportMail.Action.allCases.first { actions.contains($0) } ?? .failed
        return switch worst {
        case .failed: "Your mail could not be delivered"
        case .delayed: "Your mail is delayed"
        case .relayed: "Your mail was handed on"
        case .delivered: "Your mail was delivered"
        }
    }

    var text: String {
        var text = "This is the mail server \(reportingMTA.ascii).\n"
        for action in DeliveryReportMail.Action.allCases {
            let named = recipients.filter { $0.action == action }
            guard !named.isEmpty else { continue }
            text += "\n\(Self.sentence(action))\n\n"
            for recipient in named { text += lines(recipient) }
        }
        return text
    }

    private static func sentence(_ action: DeliveryReportMail.Action) -> String {
        switch action {
        case .failed: "Your mail could not be delivered to these recipients:"
        case .delayed:
            "Your mail has not reached these recipients yet. It is tried again, you\n"
                + "need not send it anew:"
        case .relayed:
            "Your mail was handed on for these recipients, to a server that does not\n"
                + "report what becomes of it:"
        case .delivered: "Your mail was delivered to these recipients:"
        }
    }

    private func lines(_ recipient: DeliveryReportMail.Recipient) -> String {
        var text = "  <\(recipient.address.wireText)>\n"
        if let reply = recipient.reply {
            text += "      \(recipient.remoteMTA ?? answerer) answered: \(Self.line(reply))\n"
        } else if let detail = recipient.detail {
            text += "      \(Self.line(detail))\n"
        }
        if recipient.action == .delayed, let until = recipient.willRetryUntil {
            text += "      It will be tried until \(until.rfc5322Text).\n"
        }
        return text
    }

    /// Words of others: in one line, without control characters.
    private static func line(_ words: String) -> String {
        let scalars = words.utf8.prefix(answerBytesMax).map { $0 < 32 || $0 == 127 ? 32 : $0 }
        return String(decoding: scalars, as: UTF8.self)
    }
}

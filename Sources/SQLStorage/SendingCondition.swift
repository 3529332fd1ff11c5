import MailModel
import Storage

/// What a filter means in SQL.
struct SendingCondition {
    private var clauses: [String] = []
    private(set) var values: [SQLValue] = []

    init(_ filter: SendingFilter) {
        if !filter.states.isEmpty {
            let list = filter.states.map { parameter(.text($0.rawValue)) }
            clauses.append("sent_recipient.state IN (\(list.joined(separator: ", ")))")
        }
        if let destination = filter.destination {
            clauses.append("sent_recipient.destination = \(parameter(.text(destination)))")
        }
        if let mail = filter.mail {
            clauses.append("sent_recipient.mail = \(parameter(.text(mail.text)))")
        }
        if let recipient = filter.recipient {
            like("LOWER(sent_recipient.address)", "%", recipient, "%")
        }
        if let domain = filter.recipientDomain {
            like("LOWER(sent_recipient.address)", "%@", domain, "")
        }
        if let sender = filter.sender {
            like("LOWER(sent_mail.sender)", "%", sender, "%")
        }
        if let time = filter.acceptedBefore {
            clauses.append(
                "sent_mail.accepted_ms < \(parameter(.integer(time.milliseconds)))")
        }
        if let time = filter.dueBy {
            clauses.append(
                "(sent_recipient.last_ms IS NOT NULL OR sent_recipient.due_ms <= "
                    + "\(parameter(.integer(time.milliseconds))))")
        }
    }

    /// `text` in whatever case, between two parts of a pattern.
    private mutating func like(
        _ column: String, _ start: String, _ text: String, _ end: String
    ) {
        let pattern = start + SQLStore.likeEscaped(text.lowercased()) + end
        clauses.append("\(column) LIKE \(parameter(.text(pattern))) ESCAPE '!'")
    }

    /// Only what stands behind `key`, by mail and position.
    mutating func begin(after key: SentRecipient.Key) {
        let mail = SQLValue.text(key.mail.text)
        let (first, second) = (parameter(mail), parameter(mail))
        let position = parameter(.integer(Int64(key.position)))
        clauses.append(
            "(sent_recipient.mail > \(first) OR (sent_recipient.mail = \(second) "
                + "AND sent_recipient.position > \(position)))")
    }

    mutating func parameter(_ value: SQLValue) -> String {
        values.append(value)
        return "$\(values.count)"
    }

    var text: String {
        clauses.isEmpty ? "" : "WHERE " + clauses.joined(separator: " AND ")
    }
}

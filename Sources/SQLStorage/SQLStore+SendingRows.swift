import Foundation
import MailModel
import NIOCore
import Storage

/// Rows of sent mails to records: what stands in a row is checked.
extension SQLStore {
    static let sentColumns = """
        id, body, account, accepted_ms, state, facts, sender, return_domain, body_place,
        body_length, checksum, is_8bit, is_smtputf8, tls, pool, head
        """
    static let recipientColumns = """
        mail, position, address, destination, state, due_ms, expires_ms, attempts, last_ms,
        detail, notification
        """

    /// Made once, as the decoder is: making one costs as much as a row's facts.
    private static let encoder = {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return encoder
    }()
    private static let decoder = JSONDecoder()

    static func json(_ value: JSONValue) -> String {
        String(decoding: value.bytes, as: UTF8.self)
    }

    static func json(_ value: some Encodable) -> String {
        guard let data = try? encoder.encode(value) else {
            preconditionFailure("texts and numbers always encode")
        }
        return String(decoding: data, as: UTF8.self)
    }

    /// What `json` wrote; nil where it did not.
    static func value<Value: Decodable>(_ json: String) -> Value? {
        try? decoder.decode(Value.self, from: Data(json.utf8))
    }

    /// Nil where the row is no record. Its columns begin at `first`.
    static func sentMail(_ row: any SQLRow, from first: Int = 0) -> SentMailRecord? {
        guard let id = row.text(first).flatMap({ MessageID($0) }),
            let body = row.text(first + 1).flatMap({ MailID($0) }),
            let accepted = row.integer(first + 3), timesMax.contains(accepted),
            let state = row.text(first + 4).flatMap(SentMailRecord.State.init(rawValue:)),
            let facts: SendingFacts = row.text(first + 5).flatMap(value),
            let sender = row.text(first + 6).flatMap(reversePath),
            let domain = row.text(first + 7),
            let place = row.text(first + 8).flatMap(MailRecord.BodyPlace.init(rawValue:)),
            let length = row.integer(first + 9), lengthsMax.contains(length),
            let checksum = row.integer(first + 10).flatMap({ UInt32(exactly: $0) }),
            let tls = row.text(first + 13).flatMap(TLSDemand.init(rawValue:)),
            let head = row.blob(first + 15)
        else { return nil }
        return SentMailRecord(
            id: id, bodyID: body, account: AccountID(row.text(first + 2) ?? ""),
            acceptedAt: Timestamp(milliseconds: accepted), state: state, facts: facts,
            sender: sender, returnDomain: Domain(validatedASCII: domain), head: head,
            bodyPlace: place, bodyLength: Int(length), checksum: checksum,
            is8Bit: row.integer(first + 11) == 1, isSMTPUTF8: row.integer(first + 12) == 1,
            tls: tls, pool: row.text(first + 14))
    }

    /// Nil where the row is no record. Its columns begin at `first`.
    static func recipient(_ row: any SQLRow, from first: Int = 0) -> SentRecipient? {
        guard let mail = row.text(first).flatMap({ MessageID($0) }),
            let position = row.integer(first + 1).flatMap({ Int(exactly: $0) }),
            let address = row.text(first + 2).flatMap({ Mailbox($0) }),
            let destination = row.text(first + 3),
            let state = row.text(first + 4).flatMap(SentRecipient.State.init(rawValue:)),
            let due = row.integer(first + 5), timesMax.contains(due),
            let expires = row.integer(first + 6), timesMax.contains(expires),
            let attempts = row.integer(first + 7).flatMap({ Int(exactly: $0) })
        else { return nil }
        let told: Told? = row.text(first + 10).flatMap(value)
        return SentRecipient(
            key: SentRecipient.Key(mail: mail, position: position), address: address,
            destination: destination, state: state, dueAt: Timestamp(milliseconds: due),
            expiresAt: Timestamp(milliseconds: expires), attempts: attempts,
            lastAttemptAt: row.integer(first + 8).map(Timestamp.init(milliseconds:)),
            detail: row.text(first + 9), lastAnswer: told?.lastAnswer,
            notification: told?.notification ?? DeliveryNotification())
    }

    /// The column `notification`; nil where nothing is known.
    static func notification(of recipient: SentRecipient) -> String? {
        let told = Told(notification: recipient.notification, lastAnswer: recipient.lastAnswer)
        return told == Told(notification: DeliveryNotification()) ? nil : json(told)
    }

    /// What stands in the column `notification`: what the sender wants to be told, and as a member
    /// beside those of that the last answer, which is for telling, too.
    private struct Told: Codable, Equatable {
        private enum CodingKeys: String, CodingKey { case lastAnswer }

        var notification: DeliveryNotification
        var lastAnswer: LastAnswer?

        init(notification: DeliveryNotification, lastAnswer: LastAnswer? = nil) {
            self.notification = notification
            self.lastAnswer = lastAnswer
        }

        init(from decoder: any Decoder) throws {
            notification = try DeliveryNotification(from: decoder)
            lastAnswer = try decoder.container(keyedBy: CodingKeys.self)
                .decodeIfPresent(LastAnswer.self, forKey: .lastAnswer)
        }

        func encode(to encoder: any Encoder) throws {
            try notification.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encodeIfPresent(lastAnswer, forKey: .lastAnswer)
        }
    }
}

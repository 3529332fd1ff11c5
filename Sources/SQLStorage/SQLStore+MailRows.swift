import Foundation
import MailModel
import NIOCore
import RuleEngine
import Storage

/// Rows to records: what stands in a row is checked, and a row that cannot be read is set aside
/// alone.
extension SQLStore {
    static func records(
        _ connection: any SQLConnection, _ rest: String, _ values: [SQLValue]
    ) throws(StorageFailure) -> [MailRecord] {
        try rows(connection, rest, values).map { row throws(StorageFailure) in try record(row) }
    }

    static func rows(
        _ connection: any SQLConnection, _ rest: String, _ values: [SQLValue]
    ) throws(StorageFailure) -> [any SQLRow] {
        try connection.rows("SELECT \(mailColumns) FROM mail \(rest)", values)
    }

    /// The records of those rows that can be read; the others are set aside, so that no mail is
    /// held up by another's row.
    func readable(
        _ select: @escaping @Sendable (any SQLConnection) throws(StorageFailure) -> [any SQLRow]
    ) async throws(StorageFailure) -> [MailRecord] {
        let (records, unreadable) = try await database.read { connection throws(StorageFailure) in
            var records: [MailRecord] = []
            var unreadable: [String] = []
            for row in try select(connection) {
                if let record = Self.readableRecord(row) {
                    records.append(record)
                } else if row.text(3) != MailRecord.State.damaged.rawValue, let id = row.text(0) {
                    unreadable.append(id)
                }
            }
            return (records, unreadable)
        }
        for id in unreadable { try await setAside(id) }
        return records
    }

    /// A row that cannot be read.
    func setAside(_ id: String) async throws(StorageFailure) {
        try await write { connection throws(StorageFailure) in
            try connection.execute(
                "UPDATE mail SET state = $1, due_ms = NULL WHERE id = $2",
                [.text(MailRecord.State.damaged.rawValue), .text(id)])
        }
        onUnreadableRow(id)
    }

    private static func record(_ row: any SQLRow) throws(StorageFailure) -> MailRecord {
        guard let record = readableRecord(row) else {
            throw .damaged("the row of mail \(row.text(0) ?? "?")")
        }
        return record
    }

    private static func readableRecord(_ row: any SQLRow) -> MailRecord? {
        let recipients = (row.text(5) ?? "").split(separator: "\n").map { Mailbox(String($0)) }
        guard let id = row.text(0).flatMap({ MailID($0) }),
            let state = row.text(3).flatMap(MailRecord.State.init(rawValue:)),
            let place = row.text(14).flatMap(MailRecord.BodyPlace.init(rawValue:)),
            let mailFrom = row.text(4).flatMap(reversePath), let received = row.integer(2),
            let head = row.integer(15), let total = row.integer(16),
            let checksum = row.integer(17).flatMap({ UInt32(exactly: $0) }),
            !recipients.contains(nil), !recipients.isEmpty, timesMax.contains(received),
            lengthsMax.contains(total), (0...total).contains(head)
        else { return nil }
        return MailRecord(
            id: id, account: AccountID(row.text(1) ?? ""),
            receivedAt: Timestamp(milliseconds: received), state: state,
            envelope: ReceivedEnvelope(
                mailFrom: mailFrom, recipients: recipients.compactMap { $0 },
                helo: row.text(6) ?? "", peerAddress: row.text(7) ?? "",
                peerName: PeerName(state: row.text(18), domain: row.text(19)), tls: row.text(8),
                isExtended: row.integer(9) == 1, isSMTPUTF8: row.integer(10) == 1,
                is8BitMIME: row.integer(11) == 1, requiresTLS: row.integer(22) == 1),
            ruleSetVersion: row.text(12) ?? "", isUntaken: row.integer(13) == 1,
            bodyPlace: place, headLength: Int(head), totalLength: Int(total),
            checksum: checksum, verdicts: row.text(20).flatMap(verdicts),
            waitsFor: row.text(21), replay: replayMark(row))
    }

    private static func replayMark(_ row: any SQLRow) -> ReplayMark? {
        guard let replay = row.integer(23), let original = row.text(24).flatMap({ MailID($0) }),
            let messageID = row.text(25).flatMap({ MailID($0) })
        else { return nil }
        return ReplayMark(
            replay: Int(replay), original: original, messageID: messageID,
            sends: row.integer(26) == 1, object: row.text(27))
    }

    /// What cannot be read is judged anew.
    private static func verdicts(_ text: String) -> VerdictRecord? {
        try? JSONDecoder().decode(VerdictRecord.self, from: Data(text.utf8))
    }

    /// To the year 9999, and a terabyte: beyond them a figure is damage.
    static let timesMax: ClosedRange<Int64> = 0...253_402_300_799_999
    static let lengthsMax: ClosedRange<Int64> = 0...(1 << 40)

    static func reversePath(_ text: String) -> ReversePath? {
        text.isEmpty ? .null : Mailbox(text).map(ReversePath.mailbox)
    }

    static func action(
        _ row: any SQLRow, of mail: MailID
    ) throws(StorageFailure) -> ActionRecord {
        guard let key = actionKey(row), let kind = row.text(4),
            let state = row.text(5).flatMap(ActionRecord.State.init(rawValue:)),
            let attempts = row.integer(6), let first = row.integer(7), let last = row.integer(8),
            let disposition = row.text(10).flatMap(Disposition.init(rawValue:)),
            let detail = row.text(11), let asks = asks(row.text(12))
        else { throw .damaged("an action of mail \(mail)") }
        return ActionRecord(
            mail: mail, key: key, kind: kind, state: state, attempts: Int(attempts),
            firstAttemptAt: Timestamp(milliseconds: first),
            lastAttemptAt: Timestamp(milliseconds: last),
            nextAttemptAt: row.integer(9).map(Timestamp.init(milliseconds:)),
            disposition: disposition, asks: asks, detail: detail)
    }

    private static func asks(_ text: String?) -> [ReceiptAction]? {
        guard let text else { return [] }
        return try? JSONDecoder().decode([ReceiptAction].self, from: Data(text.utf8))
    }

    private static func actionKey(_ row: any SQLRow) -> ActionKey? {
        guard let rule = row.text(0), let position = row.integer(1).flatMap({ Int(exactly: $0) }),
            let asked = row.integer(2).flatMap({ Int(exactly: $0) }), let address = row.text(3)
        else { return nil }
        let recipient = Mailbox(address)
        guard recipient != nil || address.isEmpty else { return nil }
        return ActionKey(
            rule: rule, position: position, asked: asked == 0 ? nil : asked, recipient: recipient)
    }
}

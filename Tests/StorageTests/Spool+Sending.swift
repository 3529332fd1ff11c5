import GRDB
import MailModel
import NIOCore
import SQLStorage
import Storage
import TestSupport
import Testing

extension Spool {
    /// A mail to send that is not stored yet, due now.
    func sending(
        to addresses: [String] = ["ada@one.example"],
        change: (inout AcceptedSending) -> Void = { _ in }
    ) throws -> AcceptedSending {
        let now = time.now()
        let id = MessageID(at: now, random: random)
        let head = ByteBuffer(string: "From: me@ours.example\r\nSubject: x\r\n\r\n")
        let body = ByteBuffer(string: "body\r\n")
        var checksum = Checksum()
        checksum.update(head)
        checksum.update(body)
        let sender = try #require(Mailbox("me@ours.example"))
        let mail = SentMailRecord(
            id: id, bodyID: MailID(at: now, random: random), account: .main, acceptedAt: now,
            facts: SendingFacts(
                operation: "SendRawEmail", sourceIP: "192.0.2.1", caller: "shop",
                identity: "ours.example"),
            sender: .mailbox(sender), returnDomain: sender.domain, head: head, bodyPlace: .row,
            bodyLength: body.readableBytes, checksum: checksum.value, is8Bit: false,
            isSMTPUTF8: false)
        let recipients = try addresses.enumerated().map { position, address in
            let mailbox = try #require(Mailbox(address))
            return SentRecipient(
                key: SentRecipient.Key(mail: id, position: position), address: mailbox,
                destination: mailbox.domain.ascii, dueAt: now,
                expiresAt: now.advanced(bySeconds: 259_200))
        }
        var sending = AcceptedSending(mail: mail, recipients: recipients, body: body)
        change(&sending)
        return sending
    }

    func accept(_ sending: AcceptedSending) async throws -> SendingAnswer {
        try await withCheckedThrowingContinuation { continuation in
            store.accept(sending) { continuation.resume(with: $0) }
        }
    }
}

extension Spool {
    /// Behind the store's back.
    func execute(_ statement: String) async throws {
        let connection = try DatabaseQueue(path: "\(folder)/martlet.sqlite")
        try await connection.write { try $0.execute(sql: statement) }
        try connection.close()
    }

    /// Moves every recipient in one state to another.
    func moveAll(
        from: SentRecipient.State, to: SentRecipient.State, now: Timestamp
    ) async throws -> (count: Int, files: [MailID]) {
        var filter = SendingFilter()
        filter.states = [from]
        let keys = try await store.places(filter, after: nil).map(\.key)
        return try await store.move(keys, from: [from], to: to, now: now)
    }
}

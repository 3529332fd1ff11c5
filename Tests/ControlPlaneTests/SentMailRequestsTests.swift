import ControlPlane
import DeliveryQueue
import MailModel
import NIOCore
import SQLStorage
import Storage
import TestSupport
import Testing

/// What operators ask of sent mails.
@Suite struct SentMailRequestsTests {
    private let desk: Desk

    init() throws {
        desk = try Desk()
    }

    private func ask(_ request: SenderRequest) async throws -> SenderAnswer {
        guard case .sending(let answer) = await desk.control.perform(.sending(request)) else {
            throw Desk.Unexpected()
        }
        return answer
    }

    /// Takes a mail for `addresses`.
    private func accept(_ addresses: [String], from sender: String = "shop@ours.example")
        async throws -> MessageID
    {
        let now = desk.time.now()
        let id = MessageID(at: now, random: desk.random)
        let mail = SentMailRecord(
            id: id, bodyID: MailID(at: now, random: desk.random), account: .main, acceptedAt: now,
            facts: SendingFacts(
                operation: "SendRawEmail", sourceIP: nil, caller: "ada",
                identity: "ours.example", tags: ["campaign": ["spring"]]),
            sender: .mailbox(try #require(Mailbox(sender))),
            returnDomain: Domain(validatedASCII: "ours.example"),
            head: ByteBuffer(string: "Subject: x\r\n\r\n"), bodyPlace: .row, bodyLength: 6,
            checksum: 0, is8Bit: false, isSMTPUTF8: false)
        let recipients = try addresses.enumerated().map { position, address in
            let mailbox = try #require(Mailbox(address))
            return SentRecipient(
                key: SentRecipient.Key(mail: id, position: position), address: mailbox,
                destination: mailbox.domain.ascii, dueAt: now,
                expiresAt: now.advanced(bySeconds: 259_200))
        }
        let sending = AcceptedSending(
            mail: mail, recipients: recipients, body: ByteBuffer(string: "body\r\n"))
        _ = try await withCheckedThrowingContinuation { continuation in
            desk.store.accept(sending) { continuation.resume(with: $0) }
        }
        return id
    }

    private func list(
        _ change: (inout SentMailFilter) -> Void = { _ in }
    ) async throws -> [String] {
        var filter = SentMailFilter()
        change(&filter)
        guard case .sentRecipients(let list) = try await ask(.listSent(filter)) else {
            throw Desk.Unexpected()
        }
        return list.map(\.recipient)
    }

    @Test func choosesRecipients() async throws {
        let first = try await accept(["ada@one.example", "bob@two.example"])
        desk.time.advance(seconds: 3_600)
        _ = try await accept(["eve@sub.one.example"], from: "news@ours.example")
        #expect(
            try await list() == ["eve@sub.one.example", "ada@one.example", "bob@two.example"])
        #expect(try await list { $0.toDomain = "ONE.example" } == ["ada@one.example"])
        #expect(try await list { $0.to = "e@sub" } == ["eve@sub.one.example"])
        #expect(try await list { $0.to = "%" } == [])
        #expect(try await list { $0.from = "NEWS@" } == ["eve@sub.one.example"])
        #expect(
            try await list { $0.messageID = first.text }
                == ["ada@one.example", "bob@two.example"])
        #expect(
            try await list { $0.olderThanSeconds = 1_800 }
                == ["ada@one.example", "bob@two.example"])
        #expect(try await list { $0.states = [.held] } == [])
        #expect(try await list { $0.limit = 1 } == ["eve@sub.one.example"])
    }

    @Test func showsAMailWithItsRecipients() async throws {
        let id = try await accept(["ada@one.example", "bob@two.example"])
        guard case .sentMail(let mail) = try await ask(.showSent(id: id.text)) else {
            throw Desk.Unexpected()
        }
        #expect(mail.caller == "ada" && mail.tags == ["campaign": ["spring"]])
        #expect(mail.recipients.map(\.recipient) == ["ada@one.example", "bob@two.example"])
        #expect(mail.recipients.allSatisfy { $0.state == "queued" && $0.nextAttemptAt != nil })
    }

    @Test func anIDIsKnownByItsBeginning() async throws {
        let first = try await accept(["ada@one.example"]).text
        desk.time.advance(seconds: 3_600)
        let others = [
            try await accept(["eve@one.example"]).text, try await accept(["bob@one.example"]).text,
        ]
        // Of one millisecond: they differ behind it.
        let time = String(others[0].prefix(16))
        for text in [String(first.prefix(16)), first.prefix(30).uppercased(), first] {
            guard case .sentMail(let mail) = try await ask(.showSent(id: text)) else {
                throw Desk.Unexpected()
            }
            #expect(mail.messageID == first)
            #expect(try await list { $0.messageID = text } == ["ada@one.example"])
        }
        let many = try await desk.failure(.sending(.showSent(id: time)))
        #expect(many.kind == .invalid)
        #expect(others.allSatisfy(many.message.contains) && !many.message.contains(first))
        #expect(try await desk.failure(.sending(.showSent(id: "0100ffff"))).kind == .notFound)
        for text in ["", "0100g", "%", first + "0"] {
            #expect(try await desk.failure(.sending(.showSent(id: text))).kind == .invalid)
        }
    }

    /// Whoever waits for a destination that rests is told of it, tried or not.
    @Test func saysUntilWhenADestinationRestsAndWhy() async throws {
        let id = try await accept(["ada@one.example", "bob@two.example"])
        let rest = desk.time.now().advanced(bySeconds: 600)
        try await desk.store.settle(
            DestinationRecord(
                name: "one.example", dueAt: desk.time.now(), failures: 3, restsUntil: rest,
                detail: "mx.one.example did not answer"))
        guard case .sentMail(let mail) = try await ask(.showSent(id: id.text)),
            case .sentRecipients(let list) = try await ask(.listSent(SentMailFilter()))
        else { throw Desk.Unexpected() }
        for shown in [mail.recipients, list] {
            #expect(shown.map(\.waitsFor?.name) == ["one.example", nil])
            #expect(shown.map(\.waitsFor?.restsUntil) == [rest.iso8601Text, nil])
            #expect(shown.map(\.lastWord) == ["mx.one.example did not answer", nil])
            #expect(
                shown.map(\.nextAttemptAt)
                    == [rest.iso8601Text, desk.time.now().iso8601Text])
        }
        // Who is held waits for nobody.
        _ = try await ask(.changeSent(.hold, SentMailFilter(), isDry: false))
        guard case .sentMail(let held) = try await ask(.showSent(id: id.text)) else {
            throw Desk.Unexpected()
        }
        #expect(held.recipients.allSatisfy { $0.waitsFor == nil && $0.nextAttemptAt == nil })
    }

    @Test func theStatusTellsWhatWaitsAndWhatRests() async throws {
        func status() async throws -> SendingStatusView {
            guard case .status(let status) = await desk.control.perform(.status),
                let sending = status.sending
            else { throw Desk.Unexpected() }
            return sending
        }
        var told = try await status()
        #expect(
            [told.queued, told.held, told.beingTried, told.restingDestinations] == [0, 0, 0, 0])
        #expect(told.nextAttemptAt == nil && told.resting.isEmpty)
        _ = try await accept(["ada@one.example", "bob@two.example"])
        let now = desk.time.now()
        for number in 0..<11 { _ = try await accept(["eve@dead\(number).example"]) }
        for number in 0..<11 {
            try await desk.store.settle(
                DestinationRecord(
                    name: "dead\(number).example", dueAt: now, failures: 2,
                    restsUntil: now.advanced(bySeconds: 600 + Int64(number)),
                    detail: "no answer"))
        }
        _ = try await ask(
            .changeSent(.hold, Self.filter { $0.toDomain = "two.example" }, isDry: false))
        told = try await status()
        #expect(
            [told.queued, told.held, told.beingTried, told.restingDestinations] == [12, 1, 0, 11])
        #expect(told.nextAttemptAt == now.iso8601Text)
        #expect(told.resting.map(\.name) == (0..<10).map { "dead\($0).example" })
        #expect(told.resting.first?.restsUntil == now.advanced(bySeconds: 600).iso8601Text)
        #expect(told.resting.first?.detail == "no answer" && told.resting.first?.failures == 2)
    }

    @Test func countsBeforeItChanges() async throws {
        _ = try await accept(["ada@one.example", "bob@two.example"])
        var filter = SentMailFilter()
        filter.toDomain = "one.example"
        for (isDry, expected) in [(true, 1), (false, 1), (true, 0)] {
            guard
                case .sentMailChange(let view) = try await ask(
                    .changeSent(.hold, filter, isDry: isDry))
            else { throw Desk.Unexpected() }
            #expect(view.count == expected && view.busy == 0 && view.isDry == isDry)
        }
        #expect(try await list { $0.states = [.held] } == ["ada@one.example"])
    }

    @Test func saysWhatMakesNoSense() async throws {
        let failures: [(SenderRequest, ControlFailure.Kind)] = [
            (.showSent(id: "x"), .invalid),
            (.showSent(id: MessageID(at: desk.time.now(), random: desk.random).text), .notFound),
            (.listSent(Self.filter { $0.toDomain = "not a domain" }), .invalid),
            (.listSent(Self.filter { $0.olderThanSeconds = -1 }), .invalid),
            (.changeSent(.hold, Self.filter { $0.states = [.delivered] }, isDry: false), .invalid),
            (
                .changeSent(
                    .hold,
                    Self.filter { [desk] in
                        $0.messageID =
                            MessageID(at: desk.time.now(), random: desk.random).text
                    }, isDry: false), .notFound
            ),
        ]
        for (request, kind) in failures {
            #expect(try await desk.failure(.sending(request)).kind == kind)
        }
        let done = try await desk.failure(.sending(failures[4].0)).message
        #expect(done == "hold does nothing to what is delivered: only to what is queued")
        let gone = try await desk.failure(.sending(failures[1].0)).message
        #expect(gone.contains("martlet queue sent lists"))
    }

    private static func filter(_ change: (inout SentMailFilter) -> Void) -> SentMailFilter {
        var filter = SentMailFilter()
        change(&filter)
        return filter
    }
}

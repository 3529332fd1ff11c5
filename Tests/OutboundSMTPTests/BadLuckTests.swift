import DeliveryQueue
import MailModel
import NIOCore
import OutboundSMTP
import Testing

/// What a mail comes to when its server does not do as it should.
@Suite struct BadLuckTests {
    struct Luck: Sendable, CustomTestStringConvertible {
        var moment: ScriptedServer.Moment
        var act: ScriptedServer.Act
        var result: String
        /// Something that the words for people must have.
        var detail = ""
        var extensions = ["PIPELINING"]
        /// Steps whose time is over at once.
        var impatience: @Sendable (inout SessionTimeLimits) -> Void = { _ in }

        var testDescription: String { "\(moment): \(act)".prefix(70) + " → \(result)" }
    }

    static let all = garbage + hanging + closing + refusing + flooding

    static let garbage = [
        Luck(moment: .connect, act: .say("Welcome"), result: "deferred 4.5.0 destination"),
        Luck(moment: .connect, act: .say("250 ok"), result: "delivered 250 2.0.0 taken"),
        Luck(moment: .hello, act: .say("\u{0}\u{1}\u{FF}"), result: "deferred 4.5.0 destination"),
        Luck(moment: .mail, act: .say("250-a\r\n251 b"), result: "deferred 4.5.0 destination"),
        Luck(moment: .data, act: .say("250 ok"), result: "deferred 4.5.0 destination"),
        Luck(
            moment: .end, act: .say("what"), result: "deferred 4.5.0 mail",
            detail: "may have been delivered"),
    ]

    static let hanging = [
        Luck(moment: .connect, act: .hang, result: "deferred 4.4.2 destination") {
            $0.greetingSeconds = 0
        },
        Luck(moment: .hello, act: .hang, result: "deferred 4.4.2 destination") {
            $0.commandSeconds = 0
        },
        Luck(moment: .mail, act: .hang, result: "deferred 4.4.2 destination") {
            $0.mailSeconds = 0
        },
        Luck(moment: .recipient, act: .hang, result: "deferred 4.4.2 destination", extensions: [""])
        {
            $0.recipientSeconds = 0
        },
        Luck(moment: .data, act: .hang, result: "deferred 4.4.2 destination", extensions: [""]) {
            $0.dataSeconds = 0
        },
        Luck(
            moment: .end, act: .hang, result: "deferred 4.4.2 mail",
            detail: "may have been delivered"
        ) { $0.endSeconds = 0 },
    ]

    static let closing = [
        Luck(moment: .connect, act: .close, result: "deferred 4.4.2 destination"),
        Luck(moment: .hello, act: .close, result: "deferred 4.4.2 destination"),
        Luck(moment: .mail, act: .close, result: "deferred 4.4.2 destination"),
        Luck(moment: .recipient, act: .close, result: "deferred 4.4.2 destination"),
        Luck(moment: .data, act: .close, result: "deferred 4.4.2 destination"),
        Luck(
            moment: .end, act: .close, result: "deferred 4.4.2 mail",
            detail: "may have been delivered"),
    ]

    static let refusing = [
        Luck(moment: .connect, act: .say("554 5.7.1 no"), result: "deferred 4.7.1 destination"),
        Luck(moment: .connect, act: .say("521 no mail"), result: "failed 5.3.2 mail"),
        Luck(moment: .connect, act: .say("421 busy"), result: "deferred 4.3.2 destination less"),
        // Said before it was asked for.
        Luck(
            moment: .hello, act: .say("250-mx\r\n250 PIPELINING\r\n421 4.7.0 go away"),
            result: "deferred 4.7.0 destination less",
            detail: "refused the session before MAIL: 421 4.7.0 go away"),
        Luck(moment: .mail, act: .say("550 5.7.1 not you"), result: "failed 5.7.1 mail"),
        Luck(moment: .mail, act: .say("421 4.7.0 slow"), result: "deferred 4.7.0 destination less"),
        Luck(moment: .mail, act: .say("452 4.3.1 full"), result: "deferred 4.3.1 destination"),
        Luck(moment: .recipient, act: .say("550 5.1.1 nobody"), result: "failed 5.1.1 mail"),
        // The session's failure, and no word about whom the mail is for.
        Luck(moment: .recipient, act: .say("503 5.5.1 MAIL first"), result: "deferred 4.5.1 mail"),
        Luck(moment: .recipient, act: .say("503 5.7.1 no"), result: "failed 5.7.1 mail"),
        Luck(moment: .data, act: .say("503 RCPT first"), result: "deferred 4.5.2 mail"),
        Luck(moment: .recipient, act: .say("550 nobody"), result: "failed 5.0.0 mail"),
        Luck(moment: .recipient, act: .say("552 full"), result: "failed 5.2.2 mail"),
        Luck(
            moment: .recipient, act: .say("450 4.2.0 greylisted"),
            result: "deferred 4.2.0 mail less"
        ),
        Luck(moment: .recipient, act: .say("452 4.2.2 full"), result: "deferred 4.2.2 mail"),
        Luck(moment: .recipient, act: .say("450 5.1.1 later"), result: "deferred 4.1.1 mail"),
        Luck(
            moment: .recipient, act: .say("451 4.3.0 broken"),
            result: "deferred 4.3.0 destination less"),
        Luck(moment: .data, act: .say("451 not now"), result: "deferred 4.0.0 mail less"),
        Luck(moment: .end, act: .say("554 5.7.1 spam"), result: "failed 5.7.1 mail"),
        Luck(moment: .end, act: .say("552 large"), result: "failed 5.3.4 mail"),
        Luck(moment: .end, act: .say("421 4.7.0 slow"), result: "deferred 4.7.0 destination less"),
    ]

    static let flooding = [ScriptedServer.Moment.connect, .hello, .mail, .end].map {
        Luck(
            moment: $0, act: .flood,
            result: $0 == .end ? "deferred 4.5.0 mail" : "deferred 4.5.0 destination")
    }

    @Test(arguments: all)
    func ends(_ luck: Luck) async throws {
        let server = try await ScriptedServer {
            $0.habits[luck.moment] = luck.act
            $0.extensions = luck.extensions
        }
        let sending = try Sending(port: server.port) {
            luck.impatience(&$0.limits.session)
        }
        let attempt = await sending.deliver()
        #expect(attempt.summary == luck.result)
        #expect(attempt.problem?.detail.contains(luck.detail) ?? true)
        #expect(attempt.remote?.name == "mx.them.example")
        #expect(server.state.floodedBytes < 20_000_000)
        try await server.end()
    }

    static let early: [(ScriptedServer.Act, String)] = [
        (.close, "deferred 4.4.2 mail"), (.say("452 4.3.1 full"), "deferred 4.3.1 destination"),
        (.say("554 5.7.1 spam"), "failed 5.7.1 mail"), (.say("250 done"), "deferred 4.5.0 mail"),
    ]

    /// Whatever is said of a mail of which only the beginning was seen, it was not delivered, and
    /// the rest of it is not sent.
    @Test(arguments: early)
    func endsInTheMiddleOfTheContent(_ act: ScriptedServer.Act, _ result: String) async throws {
        let server = try await ScriptedServer { $0.habits[.content] = act }
        let sending = try Sending(port: server.port)
        let text = String(repeating: String(repeating: "x", count: 98) + "\r\n", count: 400_000)
        let attempt = await sending.deliver(.sample(text))
        #expect(attempt.summary == result)
        #expect(!(attempt.problem?.detail.contains("may have been") ?? true))
        server.readOn()
        while server.state.connectionsOpen > 0 { await Task.yield() }
        #expect(server.state.mails.isEmpty)
        try await server.end()
    }

    @Test func endsWhereNobodyListens() async throws {
        let server = try await ScriptedServer()
        let port = server.port
        try await server.end()
        let attempt = try await Sending(port: port).deliver()
        #expect(attempt.summary == "deferred 4.4.1 destination")
        #expect(attempt.remote == nil)
    }

    /// A mail whose last dot was sent is waited for; any other is given up at once.
    @Test(arguments: [
        (ScriptedServer.Moment.mail, "deferred 4.3.2 mail"), (.end, "deferred 4.3.2 mail"),
    ])
    func endsWithItsTask(_ moment: ScriptedServer.Moment, _ result: String) async throws {
        let server = try await ScriptedServer { $0.habits[moment] = .hang }
        let sending = try Sending(port: server.port) { $0.limits.session.graceSeconds = 0 }
        let task = Task { await sending.deliver() }
        let isReached: () -> Bool = {
            moment == .mail
                ? server.state.commands.contains { $0.hasPrefix("MAIL") }
                : server.state.commands.contains("DATA")
        }
        while !isReached() { await Task.yield() }
        task.cancel()
        #expect(await task.value.summary == result)
        try await server.end()
    }
}

import DNS
import DeliveryQueue
import Foundation
import MailModel
import NIOCore
import OutboundSMTP
import SMTPProtocol
import Storage
import TestSupport
import Testing

@Suite struct CourierTests {
    @Test func deliversOnOneConnection() async throws {
        let server = try await ScriptedServer()
        let sending = try Sending(port: server.port)
        for number in 1...3 {
            let attempt = await sending.deliver(.sample("Subject: \(number)\r\n\r\n.x\r\n"))
            #expect(attempt.summary == "delivered 250 2.0.0 taken")
            #expect(attempt.localAddress == IPAddress("127.0.0.1"))
            #expect(attempt.tls == nil)
        }
        #expect(server.state.connections == 1)
        #expect(server.state.mails.map(\.content) == (1...3).map { "Subject: \($0)\r\n\r\n.x\r\n" })
        #expect(
            server.state.mails[0].commands == [
                "MAIL FROM:<us@us.example>", "RCPT TO:<you@them.example>",
            ])
        sending.courier.close()
        try await server.end()
    }

    /// A connection that ended while it waited is no try.
    @Test(arguments: [ScriptedServer.Act.say("421 idle"), .close])
    func makesANewConnectionForAStaleOne(_ act: ScriptedServer.Act) async throws {
        let server = try await ScriptedServer()
        let sending = try Sending(port: server.port)
        #expect(await sending.deliver().summary == "delivered 250 2.0.0 taken")
        server.change { $0.acts[.mail] = [act] }
        #expect(await sending.deliver().summary == "delivered 250 2.0.0 taken")
        #expect(server.state.connections == 2)
        try await server.end()
    }

    @Test func sendsSoManyMailsOnAConnection() async throws {
        let server = try await ScriptedServer()
        let sending = try Sending(port: server.port) { $0.limits.connectionMailsMax = 2 }
        for _ in 0..<4 { _ = await sending.deliver() }
        #expect(server.state.connections == 2)
        while server.state.connectionsOpen > 0 { await Task.yield() }
        #expect(server.state.commands.count { $0 == "QUIT" } == 2)
        try await server.end()
    }

    @Test func resetsAfterARefusal() async throws {
        let server = try await ScriptedServer { $0.acts[.recipient] = [.say("550 5.1.1 nobody")] }
        let sending = try Sending(port: server.port)
        // The server asks for the content nevertheless, and gets a dot.
        #expect(await sending.deliver().summary == "failed 5.1.1 mail")
        #expect(await sending.deliver().summary == "delivered 250 2.0.0 taken")
        #expect(server.state.connections == 1)
        #expect(server.state.commands.contains("RSET"))
        #expect(server.state.mails.map(\.content) == ["", "Subject: x\r\n\r\n.dot\r\n"])
        try await server.end()
    }

    /// From memory and from a file, in pieces: what arrives are its bytes.
    @Test(arguments: [["PIPELINING"], ["PIPELINING", "CHUNKING"], ["CHUNKING"], ["SIZE"]])
    func sendsALargeMail(_ extensions: [String]) async throws {
        let folder = try ProjectFiles.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let line = String(repeating: "x", count: 70) + "\r\n.\r\n"
        let body = String(repeating: line, count: 60_000)
        let path = "\(folder)/body"
        try Data(("skipped" + body).utf8).write(to: URL(fileURLWithPath: path))
        let server = try await ScriptedServer { $0.extensions = extensions }
        let sending = try Sending(port: server.port)
        var mail = OutgoingMail.sample()
        mail.content = [
            .bytes(ByteBuffer(string: "Subject: x\r\n\r\n")),
            .file(path: path, start: 7, length: body.utf8.count),
            .bytes(ByteBuffer(string: body)),
        ]
        #expect(await sending.deliver(mail).summary == "delivered 250 2.0.0 taken")
        let arrived = server.state.mails.first?.content ?? ""
        #expect(arrived == "Subject: x\r\n\r\n" + body + body)
        try await server.end()
    }

    @Test func defersAMailWhoseFileIsShort() async throws {
        let server = try await ScriptedServer()
        let sending = try Sending(port: server.port)
        var mail = OutgoingMail.sample()
        mail.content = [.file(path: "/dev/null", length: 10)]
        #expect(await sending.deliver(mail).summary == "deferred 4.3.0 mail")
        #expect(server.state.mails.isEmpty)
        try await server.end()
    }

    /// Only what can be said of the connection leads to the next host.
    @Test func goesToTheNextHost() async throws {
        let bad = try await ScriptedServer(address: "127.0.0.2") {
            $0.habits[.connect] = .say("421 busy")
        }
        let sending = try Sending(port: bad.port)
        sending.exchangers(
            "them.example", [(20, "b.them.example"), (10, "a.them.example")])
        sending.host("a.them.example", "127.0.0.2")
        sending.host("b.them.example", "127.0.0.3")
        let attempt = await sending.deliver()
        // Nobody listens at the second; what the first said is told.
        #expect(attempt.summary == "deferred 4.3.2 destination less")
        bad.change {
            $0.habits[.connect] = nil
            $0.habits[.recipient] = .say("450 4.2.0 greylisted")
        }
        #expect(await sending.deliver().remote?.address == IPAddress("127.0.0.2"))
        try await bad.end()
    }

    /// Two, where all of a destination's hosts hang or turn us away.
    @Test func beginsSoManySessions() async throws {
        let server = try await ScriptedServer { $0.habits[.connect] = .say("421 busy") }
        let sending = try Sending(port: server.port)
        sending.exchangers("them.example", (1...4).map { ($0, "mx\($0).them.example") })
        for number in 1...4 { sending.host("mx\(number).them.example", "127.0.0.1") }
        #expect(await sending.deliver().summary == "deferred 4.3.2 destination less")
        #expect(server.state.connections == 2)
        try await server.end()
    }

    @Test func leavesFromItsPool() async throws {
        let server = try await ScriptedServer()
        let sending = try Sending(port: server.port) {
            $0.pools["news"] = ["127.0.0.9", "::1"].compactMap { IPAddress($0) }
                .map { DeliverySettings.SendingAddress($0, hello: "news.example") }
            // Of a block for documents: no machine has one.
            $0.pools["gone"] = IPAddress("192.0.2.1").map { [DeliverySettings.SendingAddress($0)] }
            $0.pools["six"] = IPAddress("::1").map { [DeliverySettings.SendingAddress($0)] }
        }
        var mail = OutgoingMail.sample()
        mail.pool = "news"
        let attempt = await sending.deliver(mail)
        #expect(attempt.summary == "delivered 250 2.0.0 taken")
        #expect(attempt.localAddress == IPAddress("127.0.0.9"))
        #expect(server.state.commands.first == "EHLO news.example")
        #expect(await sending.deliver().summary == "delivered 250 2.0.0 taken")
        #expect(server.state.commands.contains("EHLO us.example"))
        // What is wrong with a pool is nothing that others of the destination wait for.
        for pool in ["other", "gone", "six"] {
            mail.pool = pool
            let attempt = await sending.deliver(mail)
            #expect(attempt.summary == "deferred 4.3.5 mail")
            #expect(attempt.problem?.isOurs ?? false)
        }
        try await server.end()
    }

    @Test func fallsBackToHELO() async throws {
        let server = try await ScriptedServer { $0.habits[.hello] = .say("502 what") }
        let sending = try Sending(port: server.port)
        #expect(await sending.deliver().summary == "delivered 250 2.0.0 taken")
        #expect(
            await sending.deliver(.sample(is8Bit: true)).summary == "failed 5.6.3 mail")
        #expect(
            await sending.deliver(.sample(isSMTPUTF8: true)).summary == "failed 5.6.7 mail")
        try await server.end()
    }

    @Test func tellsWhoTellsTheSender() async throws {
        let server = try await ScriptedServer { $0.extensions.append("DSN") }
        let sending = try Sending(port: server.port)
        #expect(await sending.deliver().isNotificationHandedOn)
        try await server.end()
    }

    @Test func deliversByARelay() async throws {
        let server = try await ScriptedServer(address: "127.0.0.1")
        let sending = try Sending(port: 1)
        let relay = Relay(host: "127.0.0.1", port: server.port, transport: .lmtp, security: .none)
        #expect(await sending.deliver(by: .relay(relay)).summary == "delivered 250 2.0.0 taken")
        #expect(server.state.commands.first == "LHLO us.example")
        let unknown = Relay(host: "relay.example", port: server.port)
        #expect(await sending.deliver(by: .relay(unknown)).summary == "deferred 4.4.4 destination")
        try await server.end()
    }

    @Test func deliversToAnAddress() async throws {
        let server = try await ScriptedServer()
        let sending = try Sending(port: server.port)
        let address = try #require(IPAddress("127.0.0.1"))
        let attempt = await sending.deliver(by: .address(address))
        #expect(attempt.summary == "delivered 250 2.0.0 taken")
        #expect(attempt.remote?.name == "[127.0.0.1]")
        try await server.end()
    }

    @Test func servesManyAtOnce() async throws {
        let server = try await ScriptedServer()
        let sending = try Sending(port: server.port)
        await withTaskGroup(of: String.self) { group in
            for number in 0..<500 {
                group.addTask {
                    await sending.deliver(.sample("Subject: \(number)\r\n\r\n")).summary
                }
                if number >= 20 { #expect(await group.next() == "delivered 250 2.0.0 taken") }
            }
        }
        #expect(Set(server.state.mails.map(\.content)).count == 500)
        #expect(server.state.connections <= 25)
        sending.courier.close()
        try await server.end()
    }
}

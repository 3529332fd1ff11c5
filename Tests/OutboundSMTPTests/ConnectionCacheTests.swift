import DeliveryQueue
import MailModel
import OutboundSMTP
import Testing

/// Connections that wait for their next mail.
@Suite struct ConnectionCacheTests {
    private func relay(_ server: ScriptedServer) -> Route {
        .relay(Relay(host: "127.0.0.1", port: server.port, security: .none))
    }

    private func untilClosed(_ server: ScriptedServer) async {
        while server.state.connectionsOpen > 0 { await Task.yield() }
    }

    @Test func endsAConnectionThatHasWaited() async throws {
        let server = try await ScriptedServer()
        let sending = try Sending(port: 1) { $0.limits.idleSeconds = 0 }
        #expect(await sending.deliver(by: relay(server)).summary == "delivered 250 2.0.0 taken")
        await untilClosed(server)
        #expect(server.state.commands.last == "QUIT")
        #expect(await sending.deliver(by: relay(server)).summary == "delivered 250 2.0.0 taken")
        await untilClosed(server)
        #expect(server.state.connections == 2)
        try await server.end()
    }

    /// The one that has waited longest goes.
    @Test func keepsSoManyConnections() async throws {
        let servers = [
            try await ScriptedServer(), try await ScriptedServer(), try await ScriptedServer(),
        ]
        let sending = try Sending(port: 1) { $0.limits.idleConnectionsMax = 2 }
        for server in servers { _ = await sending.deliver(by: relay(server)) }
        await untilClosed(servers[0])
        #expect(servers.map(\.state.connectionsOpen) == [0, 1, 1])
        sending.courier.close()
        for server in servers {
            await untilClosed(server)
            #expect(server.state.commands.last == "QUIT")
            try await server.end()
        }
    }

    @Test func keepsNoneWhereNoneIsWanted() async throws {
        let server = try await ScriptedServer()
        let sending = try Sending(port: 1) { $0.limits.idleConnectionsMax = 0 }
        for _ in 0..<3 { _ = await sending.deliver(by: relay(server)) }
        await untilClosed(server)
        #expect(server.state.connections == 3)
        try await server.end()
    }

    /// A server that ends a connection while it waits is not asked on it again.
    @Test func forgetsAConnectionThatHasEnded() async throws {
        let server = try await ScriptedServer { $0.habits[.end] = .say("250 ok\r\n421 too long") }
        let sending = try Sending(port: 1)
        for _ in 0..<3 {
            #expect(await sending.deliver(by: relay(server)).summary == "delivered 250 ok")
        }
        #expect(server.state.connections == 3)
        try await server.end()
    }

    @Test func servesNobodyElse() async throws {
        let server = try await ScriptedServer()
        let sending = try Sending(port: server.port)
        let one = Relay(host: "127.0.0.1", port: server.port, security: .none)
        var other = one
        other.transport = .lmtp
        for route in [Route.relay(one), .relay(other), .exchangers(of: .them)] {
            #expect(await sending.deliver(by: route).summary == "delivered 250 2.0.0 taken")
        }
        #expect(server.state.connections == 3)
        try await server.end()
    }
}

extension Domain {
    fileprivate static let them = Domain(validatedASCII: "them.example")
}

import MailFlow
import MailModel
import TestSupport
import Testing

/// Who watches sees what was asked for, in order, with what was lost; and costs nobody anything.
@Suite struct SessionTracesTests {
    private let traces = SessionTraces(time: ManualTime())

    private func session(
        _ number: UInt64, peer: String = "192.0.2.1", listener: String = "192.0.2.9:25"
    ) -> TracedSession {
        TracedSession(number: number, peer: peer, listener: listener)
    }

    /// A short dialog: its ten lines.
    private func speak(_ session: TracedSession, recipient: String = "ada@ours.example") {
        traces.note(.began, "\(session.peer) at \(session.listener)", of: session)
        traces.note(.reply, "220 mx", of: session)
        traces.note(.command, "EHLO Client.example", of: session)
        traces.note(.reply, "250 mx", of: session)
        traces.note(.command, "MAIL FROM:<bob@sender.example>", of: session)
        traces.note(.reply, "250 ok", of: session)
        traces.note(.command, "RCPT TO:<\(recipient)>", of: session)
        traces.note(.reply, "250 ok", of: session)
        traces.note(.data, "17 bytes", of: session)
        traces.note(.ended, "", of: session)
    }

    private func seen(_ filter: SessionTraceFilter, _ speak: () -> Void) async throws -> [String] {
        let tracer = try #require(traces.watch(filter))
        defer { traces.end(tracer) }
        speak()
        traces.note(.reply, "the end", of: session(99, peer: "192.0.2.1"))
        traces.note(.command, "ehlo client.example", of: session(99))
        traces.note(.command, "mail from:<bob@sender.example>", of: session(99))
        traces.note(.command, "rcpt to:<ada@ours.example>", of: session(99))
        let batch = try #require(await tracer.next())
        #expect(batch.lost == 0)
        return batch.lines.filter { $0.session != 99 }.map { "\($0.session) \($0.text)" }
    }

    @Test func asksOneNumberWhileNobodyWatches() throws {
        #expect(!traces.isWatched)
        let tracer = try #require(traces.watch(SessionTraceFilter()))
        #expect(traces.isWatched)
        traces.end(tracer)
        #expect(!traces.isWatched)
    }

    @Test func showsAllInOrderWithoutAFilter() async throws {
        let lines = try await seen(SessionTraceFilter()) { speak(session(1)) }
        #expect(lines.count == 10)
        #expect(lines.first == "1 192.0.2.1 at 192.0.2.9:25" && lines.last == "1 ")
    }

    static let filters: [(SessionTraceFilter, Bool)] = [
        (SessionTraceFilter(peer: CIDRBlock("192.0.2.0/24")), true),
        (SessionTraceFilter(peer: CIDRBlock("198.51.100.0/24")), false),
        (SessionTraceFilter(listener: "25"), true),
        (SessionTraceFilter(listener: "5"), false),
        (SessionTraceFilter(listener: "192.0.2.9"), true),
        (SessionTraceFilter(listener: "192.0.2.9:25"), true),
        (SessionTraceFilter(listener: "192.0.2"), false),
        (SessionTraceFilter(helo: "client"), true),
        (SessionTraceFilter(helo: "bob"), false),
        (SessionTraceFilter(sender: "BOB@"), true),
        (SessionTraceFilter(sender: "ada@"), false),
        (SessionTraceFilter(recipient: "ada@ours"), true),
        (SessionTraceFilter(recipient: "bob@"), false),
        (SessionTraceFilter(helo: "client", recipient: "ada"), true),
        (SessionTraceFilter(helo: "client", recipient: "eve"), false),
    ]

    /// The whole session, though it is known only late that it is meant.
    @Test(arguments: filters)
    func showsWholeSessionsThatAreMeant(_ filter: SessionTraceFilter, isMeant: Bool) async throws {
        guard isMeant else {
            let tracer = try #require(traces.watch(filter))
            defer { traces.end(tracer) }
            speak(session(1))
            let waiting = Task { await tracer.next() }
            waiting.cancel()
            #expect(await waiting.value == nil)
            return
        }
        let lines = try await seen(filter) { speak(session(1)) }
        #expect(lines.count == 10)
    }

    /// What is kept of a session that may yet be meant is bounded, and so said.
    @Test func losesTheOldestOfALongSession() async throws {
        let tracer = try #require(traces.watch(SessionTraceFilter(recipient: "ada")))
        defer { traces.end(tracer) }
        let max = SessionTracer.pendingOfSessionMax
        for number in 0..<(max + 7) { traces.note(.command, "NOOP \(number)", of: session(1)) }
        traces.note(.command, "RCPT TO:<ada@ours.example>", of: session(1))
        let batch = try #require(await tracer.next())
        #expect(batch.lost == 7)
        #expect(batch.lines.count == max + 1)
        #expect(batch.lines.first?.text == "NOOP 7")
    }

    @Test func countsWhatNobodyFetches() async throws {
        let tracer = try #require(traces.watch(SessionTraceFilter()))
        defer { traces.end(tracer) }
        let max = SessionTracer.waitingMax
        for number in 0..<(max + 5) { traces.note(.command, "NOOP \(number)", of: session(1)) }
        let batch = try #require(await tracer.next())
        #expect(batch.lost == 5)
        #expect(batch.lines.count == max)
        traces.note(.command, "QUIT", of: session(1))
        #expect(await tracer.next()?.lines.map(\.text) == ["QUIT"])
    }

    /// Sessions that are never meant do not fill the memory either.
    @Test func boundsAllThatIsPending() async throws {
        let tracer = try #require(traces.watch(SessionTraceFilter(recipient: "ada")))
        defer { traces.end(tracer) }
        let sessions = UInt64(SessionTracer.pendingMax / SessionTracer.pendingOfSessionMax + 3)
        for number in 1...sessions {
            for _ in 0..<SessionTracer.pendingOfSessionMax {
                traces.note(.command, "NOOP", of: session(number))
            }
        }
        traces.note(.command, "RCPT TO:<ada@ours.example>", of: session(sessions))
        let batch = try #require(await tracer.next())
        #expect(batch.lost == SessionTracer.pendingOfSessionMax)
        #expect(batch.lines.count == 1)
        // The end of a session gives its room back.
        for number in 1...sessions { traces.note(.ended, "", of: session(number)) }
        _ = await tracer.next()
        traces.note(.command, "NOOP", of: session(1))
        traces.note(.command, "RCPT TO:<ada@ours.example>", of: session(1))
        let after = try #require(await tracer.next())
        #expect(after.lost == 0 && after.lines.count == 2)
    }

    @Test func boundsTheWatchers() throws {
        let tracers = (0..<SessionTraces.tracersMax).compactMap { _ in
            traces.watch(SessionTraceFilter())
        }
        #expect(tracers.count == SessionTraces.tracersMax)
        #expect(traces.watch(SessionTraceFilter()) == nil)
        traces.end(tracers[0])
        #expect(traces.watch(SessionTraceFilter()) != nil)
    }
}

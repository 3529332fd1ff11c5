import Actions
import CHandlerSpawn
import Glibc
import MailModel

/// A process of a Lambda function: it asks us for its invocations, and tells us its answers, by the
/// Lambda Runtime API. What it writes to standard output is for the log, as with Lambda.
final class FunctionProcess: LivingProcess {
    /// Beside the one on which it waits and the one on which it answers.
    private static let connectionsMax = 4

    private struct Asked {
        let invocation: FunctionInvocation
        let id: String
        let deadline: Timestamp
        var isGiven = false
    }

    let kept: KeptProcess
    private(set) var hasAnswered = false
    private let listener: RuntimeListener
    private let time: any TimeSource
    private var connections: [RuntimeConnection] = []
    private var asked: Asked?
    private var outcome: FunctionOutcome?

    /// Asks the helper behind `socket` for a process of the function at `index` of its table.
    init(
        _ program: HandlerProgram, index: Int, socket: Int32, listener: RuntimeListener,
        time: any TimeSource
    ) throws(HandlerRun.StartFailure) {
        let empty = Pipe.End(martlet_anonymous_file())
        guard empty.isOpen else { throw HandlerRun.StartFailure("memfd_create") }
        self.listener = listener
        self.time = time
        kept = try KeptProcess(
            program, index: index, socket: socket, file: empty, hasOutput: false)
    }

    var endsWithItsInput: Bool { false }

    func rest(until wakeup: Wakeup) throws(KeptProcess.Flaw) {
        _ = try serve(beside: wakeup.reading, milliseconds: -1)
    }

    func look() throws(KeptProcess.Flaw) {
        _ = try serve(beside: -1, milliseconds: 0)
    }

    func ask(
        _ invocation: FunctionInvocation, until wakeup: Wakeup, isOver: () -> Bool
    ) throws(KeptProcess.Flaw) -> FunctionOutcome {
        let seconds = Int64(kept.program.timeoutSeconds)
        // The same at every try, as Lambda's is for one event. It is a part of paths that runtimes ask
        // for, and some write all but unreserved characters (RFC 3986 §2.3) in another way.
        let unreserved: [Character: Character] = ["/": "-", "@": "~", "+": "."]
        let id = String(invocation.stableID.map { unreserved[$0] ?? $0 })
        asked = Asked(
            invocation: invocation, id: id, deadline: time.now().advanced(bySeconds: seconds))
        defer {
            asked = nil
            outcome = nil
        }
        if let connection = connections.last(where: \.waits) { give(to: connection) }
        let deadline = HandlerRun.now() + seconds * 1000
        while true {
            let left = deadline - HandlerRun.now()
            guard left > 0 else { throw kept.isTooLate }
            if try serve(beside: wakeup.reading, milliseconds: left) {
                wakeup.clear()
                if isOver() { throw KeptProcess.serverEnds }
            }
            if let outcome {
                hasAnswered = true
                return outcome
            }
        }
    }

    // MARK: The Runtime API

    /// Serves what there is to serve; says whether `wakeup` is ready.
    private func serve(beside wakeup: Int32, milliseconds: Int64) throws(KeptProcess.Flaw) -> Bool {
        var ends =
            [
                KeptProcess.readable(wakeup), KeptProcess.readable(listener.socket),
            ] + connections.map(\.wanted)
        let hasEnded = kept.wait(for: &ends, milliseconds: milliseconds)
        for (connection, end) in zip(connections, ends.dropFirst(2)) where end.revents != 0 {
            connection.write()
            connection.read()
            try takeRequests(of: connection)
        }
        if ends[1].revents != 0 { accept() }
        connections.removeAll { !$0.socket.isOpen }
        if hasEnded, outcome == nil { throw KeptProcess.hasEnded }
        return ends[0].revents != 0
    }

    private func accept() {
        while let socket = listener.accept() {
            // The oldest has had its time.
            if connections.count == Self.connectionsMax { connections.removeFirst().socket.close() }
            connections.append(
                RuntimeConnection(socket, bodyBytesMax: kept.program.outputBytesMax))
        }
    }

    private func takeRequests(of connection: RuntimeConnection) throws(KeptProcess.Flaw) {
        while let request = try nextRequest(of: connection) {
            try take(RuntimeRequest(request), connection)
        }
    }

    private func nextRequest(
        of connection: RuntimeConnection
    ) throws(KeptProcess.Flaw) -> HTTPRequest? {
        do throws(HTTPRequestReader.Problem) {
            return try connection.next()
        } catch {
            switch error {
            case .bodyTooLong: throw KeptProcess.saysTooMuch
            case .malformed, .headTooLong:
                throw KeptProcess.Flaw(reason: "it does not speak the Lambda Runtime API")
            }
        }
    }

    private func take(
        _ request: RuntimeRequest, _ connection: RuntimeConnection
    ) throws(KeptProcess.Flaw) {
        switch request {
        case .next:
            guard asked?.isGiven != true else {
                throw KeptProcess.Flaw(reason: "it asks for an event and has not answered the last")
            }
            connection.waits = true
            if asked != nil { give(to: connection) }
        case .response(let id, let body): end(id, .answered(output: body), connection)
        case .error(let id, let reason): end(id, .failed(detail: reason), connection)
        case .initError(let reason):
            connection.answer(RuntimeReply.accepted)
            throw KeptProcess.Flaw(reason: reason)
        case .unknown: connection.answer(RuntimeReply.unknown)
        }
    }

    private func give(to connection: RuntimeConnection) {
        guard let asked else { return }
        connection.waits = false
        self.asked?.isGiven = true
        connection.answer(
            RuntimeReply.invocation(
                id: asked.id, arn: asked.invocation.arn,
                deadlineMilliseconds: asked.deadline.milliseconds, event: asked.invocation.event))
    }

    private func end(_ id: String, _ outcome: FunctionOutcome, _ connection: RuntimeConnection) {
        guard let asked, asked.isGiven, asked.id == id else {
            return connection.answer(RuntimeReply.unknownID)
        }
        self.outcome = outcome
        self.asked = nil
        connection.answer(RuntimeReply.accepted)
    }
}

import ArgumentParser
import ControlPlane
import Foundation
import MailFlow

struct TraceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace",
        abstract: "Watch the dialogs of sessions as they are spoken, until Ctrl-C.",
        discussion: """
            Commands and replies with their times, handshakes, and sizes of data; never the data \
            itself. All that is given has to hold, and text is looked for in the commands as they \
            were sent. Sessions do not wait for who watches: lines that have no room are counted.
            """)

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    @Option(help: "Only sessions of this address or block of addresses.")
    var peer: String?

    @Option(help: "Only sessions that came in at this address, port, or address:port.")
    var listener: String?

    @Option(help: "Only sessions whose EHLO or HELO holds this.")
    var helo: String?

    @Option(help: "Only sessions with a MAIL that holds this.")
    var sender: String?

    @Option(help: "Only sessions with a RCPT that holds this.")
    var recipient: String?

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("End after this time: 90, 90s, 15m, 2h.", valueName: "duration"))
    var duration: TraceDuration?

    @Option(help: "End once this many sessions have ended.")
    var count: Int?

    func validate() throws {
        if let count, count < 1 { throw ValidationError("--count is at least 1") }
    }

    func run() async throws {
        let filter = SessionFilterView(
            peer: peer, listener: listener, helo: helo, sender: sender, recipient: recipient)
        let deadline = duration.map { Date(timeIntervalSinceNow: Double($0.seconds)) }
        var ended = 0
        var hasBegun = false
        _ = try server.ask(.watchSessions(filter), until: deadline) { part in
            guard case .sessionLines(let lines) = part else { return true }
            if !hasBegun { Terminal.complain("watching; end it by Ctrl-C") }
            hasBegun = true
            try show(lost: lines.lost)
            for line in lines.lines {
                try show(line)
                if line.kind == .ended { ended += 1 }
                if let count, ended >= count { return false }
            }
            return true
        }
    }

    private func show(lost: Int) throws {
        guard lost > 0 else { return }
        if output.json { return Terminal.write("{\"lost\":\(lost)}\n") }
        Terminal.write(Terminal.red("\(lost) lines lost") + "\n")
    }

    private func show(_ line: SessionLineView) throws {
        if output.json { return try Terminal.jsonLine(line) }
        let time = line.at.dropFirst(11).dropLast()
        Terminal.write(
            "\(Terminal.dim(String(time))) \(Terminal.bold("s\(line.session)")) "
                + "\(Self.mark(line.kind)) \(Terminal.printable(line.text))\n")
    }

    private static func mark(_ kind: SessionLine.Kind) -> String {
        switch kind {
        case .began: "begins"
        case .joined: "goes on:"
        case .command: "->"
        case .reply: "<-"
        case .data: "-> data,"
        case .rule: "refused by rule"
        case .tls: "TLS:"
        case .failed: "broken:"
        case .ended: "ends"
        }
    }
}

/// A time on the command line: a number of seconds, or with `s`, `m` or `h` behind it.
struct TraceDuration: ExpressibleByArgument {
    let seconds: Int

    init?(argument: String) {
        let units = ["s": 1, "m": 60, "h": 3_600]
        let unit = argument.last.flatMap { units[String($0)] }
        guard let number = Int(unit == nil ? argument : String(argument.dropLast())),
            (1...1_000_000).contains(number)
        else { return nil }
        seconds = number * (unit ?? 1)
    }
}

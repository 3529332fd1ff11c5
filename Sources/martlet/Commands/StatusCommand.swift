import ArgumentParser
import ControlPlane
import Storage

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "What the running server does, in a few figures.")

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        guard case .status(let status) = try server.ask(.status) else { return }
        if output.json { return try Terminal.json(status) }
        let mails = status.mails
        Terminal.write(
            """
            hostname   \(status.hostname)
            rules      \(status.activeRuleSet) (\(status.ruleSetVersion))
            mails      \(MailText.acting(mails)), \(mails.held) held, \(mails.damaged) damaged, \
            \(mails.untaken) untaken, \(status.retiredMails) retired with their raw bytes
            actions    \(mails.retryingActions) retrying, \(mails.deadActions) dead
            messages   \(status.waitingMessages) waiting, \(status.deadMessages) dead

            """)
        if let sending = status.sending {
            Terminal.write(
                """
                sending    \(sending.queued) queued, \(sending.held) held; \
                \(sending.restingDestinations) destinations rest

                """)
        }
        if let zone = status.serviceZone { Terminal.write(text(of: zone)) }
    }

    private func text(of zone: ServiceZoneView) -> String {
        guard let failure = zone.failure else {
            return "zone       \(zone.pushedAt.map { "pushed \($0)" } ?? "not pushed yet")\n"
        }
        return """
            zone       not pushed: \(failure)
                       \(zone.advice ?? ""); the next try is at \(zone.nextTryAt ?? "")

            """
    }
}

import ArgumentParser
import ControlPlane

struct TLSResultsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tls-results",
        abstract: "How connections to mail exchangers were secured, or failed, by day.",
        discussion: """
            By domain, policy (MTA-STS, DANE or none), exchanger and kind of failure, as RFC 8460 \
            counts; kept for 30 days.
            """)

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    @Option(help: "YYYY-MM-DD, in UTC; today where none is given.")
    var day: String?

    func run() async throws {
        guard
            case .sending(.tlsResults(let list)) = try server.ask(
                .sending(.listTLSResults(day: day)))
        else { return }
        if output.json { return try Terminal.json(list) }
        Terminal.table(
            ["DAY", "DOMAIN", "POLICY", "EXCHANGER", "RESULT", "SESSIONS"],
            list.map {
                [
                    $0.day, $0.policyDomain ?? "others", $0.policyType, $0.receivingMX ?? "",
                    $0.failure ?? ($0.policyDomain == nil ? "" : "secured"), "\($0.sessions)",
                ]
            })
    }
}

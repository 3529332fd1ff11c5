import ArgumentParser
import ControlPlane

struct ZoneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "zone",
        abstract: "The service domain's records.",
        subcommands: [Export.self])

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the service domain's records as a zone file.",
            discussion: """
                Where its bounces go, who may send for it, and the keys that the identities' aliases \
                lead to. To be included in the zone, again whenever keys have changed.
                """)

        @OptionGroup var server: ServerOptions

        func run() async throws {
            guard case .sending(.zone(let text)) = try server.ask(.sending(.exportZone)) else {
                return
            }
            Terminal.write(text)
        }
    }
}

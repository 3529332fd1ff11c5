import ArgumentParser
import ControlPlane

struct TopicCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "topic",
        abstract: "Topics and their subscribers: list, subscribe, unsubscribe.",
        subcommands: [List.self, Subscribe.self, Unsubscribe.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List every subscriber, and whether it gets its messages.")

        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            guard case .subscriptions(let list) = try server.ask(.listSubscriptions) else { return }
            if output.json { return try Terminal.json(list) }
            Terminal.table(
                ["TOPIC", "SUBSCRIBER", "STATE", "SINCE", "SIGNATURE", "ENDPOINT"],
                list.map {
                    [
                        $0.topic, $0.subscriber, $0.state, $0.since ?? "",
                        $0.signatureVersion ?? "", $0.endpoint,
                    ]
                })
        }
    }

    struct Subscribe: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: """
                Ask a mail address, or a web subscriber of the configuration, to confirm; again, or \
                after it has unsubscribed.
                """)

        @OptionGroup var server: ServerOptions

        @Flag(help: "It is confirmed by your word; nobody is asked.")
        var trusted = false

        @Argument(help: "The topic's name.")
        var topic: String

        @Flag(help: "An address gets messages as JSON, as a web subscriber does (SNS: email-json).")
        var json = false

        @Argument(help: "The subscriber's name, or a mail address.")
        var subscriber: String

        func run() async throws {
            try server.tell(
                .subscribe(
                    topic: topic, subscriber: subscriber, wantsJSON: json, isTrusted: trusted))
        }
    }

    struct Unsubscribe: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "End the subscription of a mail address.")

        @OptionGroup var server: ServerOptions

        @Argument(help: "The topic's name.")
        var topic: String

        @Argument(help: "The mail address.")
        var address: String

        func run() async throws {
            try server.tell(.unsubscribe(topic: topic, subscriber: address))
        }
    }
}

import ArgumentParser
import ControlPlane
import Daemon
import Foundation
import MailFlow
import MailModel
import RuleEngine

extension RulesCommand {
    struct Explain: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "What a rule file would do with a mail, and why.",
            discussion: """
                The mail is one that was received (--id), which the server is asked for, or what \
                --to and the others say, for which none is needed.

                What is not given is not known, and says so where a rule asks for it: verdicts, for \
                which somebody would have to be asked, above all. The mail comes now; fields in its \
                file that claim to be the server's own results are seen, which a server hides.
                """)

        @Argument(help: "A YAML file, or SES's JSON by its .json")
        var file: String

        @Option(name: .long, help: "An envelope recipient; may be given several times.")
        var to: [String] = []

        @Option(help: "A received mail's id, or how it begins.")
        var id: String?

        @Option(help: "The envelope sender; <> for the null path.")
        var mailFrom: String?

        @Option(help: "A file with the mail as it came.")
        var mail: String?

        @Option(help: "The address of the peer that sends the mail.")
        var peer: String?

        @Flag(help: "The mail comes over TLS.")
        var tls = false

        @OptionGroup var server: ServerOptions
        @OptionGroup var output: OutputOptions

        func validate() throws {
            if to.isEmpty == (id == nil) { throw ValidationError("--to, or --id") }
            if id != nil, mailFrom != nil || mail != nil || peer != nil || tls {
                throw ValidationError("of a received mail all is known: --id stands alone")
            }
        }

        func run() async throws {
            let ruleSet = try RulesCommand.read(file, isWarning: true)
            if let id {
                let answer = try server.ask(.explainMail(id: id, draft: ruleSet))
                guard case .trace(let trace) = answer else { return }
                return try write(trace.rules)
            }
            let evaluator = RuleEvaluator(ruleSet: ruleSet)
            try write(
                evaluator.trace(
                    dryRun: try facts(for: evaluator.needs), isDuty: DutyAddresses.mayContain))
        }

        private func write(_ traces: [RuleTrace]) throws {
            if output.json { return try Terminal.json(traces) }
            TraceText.write(traces)
        }

        private func facts(for needs: MailFacts.Needs) throws -> MailFacts {
            var facts = MailFacts(recipients: try to.map(Self.mailbox), isTLS: tls)
            facts.receivedAt = .known(SystemTime().now())
            if let mailFrom {
                let path: ReversePath =
                    ["", "<>"].contains(mailFrom) ? .null : .mailbox(try Self.mailbox(mailFrom))
                facts.mailFrom = .known(path)
            }
            if let peer {
                guard let address = IPAddress(peer) else {
                    throw ValidationError("“\(Terminal.printable(peer))” is no IP address")
                }
                facts.peerAddress = .known(address)
            }
            if let mail {
                let bytes = try MailFile.bytes(mail)
                facts.size = .known(bytes.count)
                facts.read(bytes, for: needs, guesser: ContentTypes.guesser())
            }
            return facts
        }

        private static func mailbox(_ text: String) throws -> Mailbox {
            guard let mailbox = Mailbox(text) else {
                throw ValidationError("“\(Terminal.printable(text))” is no mail address")
            }
            return mailbox
        }
    }
}

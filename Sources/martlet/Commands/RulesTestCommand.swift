import ArgumentParser
import Daemon
import Documents
import Foundation
import MailFlow
import MailModel
import RuleEngine

extension RulesCommand {
    struct Test: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Play the cases that stand beside rule files; without a server.",
            discussion: """
                A case file names mails, and the rules and actions that are expected for each \
                (docs/rules.md). RULES.cases tests RULES.yaml, or what its “rules” names. What a \
                case does not give is not known.

                The status is 1 where a case comes out otherwise, 2 where a file has problems.
                """)

        @Argument(help: "Case files.")
        var files: [String]

        @OptionGroup var output: OutputOptions

        struct Outcome: Encodable {
            var file: String
            var name: String
            var differences: [String]
        }

        func run() async throws {
            var outcomes: [Outcome] = []
            var isWrong = false
            for file in files {
                do {
                    outcomes += try Self.play(file)
                } catch let status as ExitCode where status.rawValue == 2 {
                    isWrong = true
                }
            }
            if output.json { try Terminal.json(outcomes) } else { Self.write(outcomes) }
            if isWrong { throw ExitCode(2) }
            if outcomes.contains(where: { !$0.differences.isEmpty }) { throw ExitCode.failure }
        }

        private static func write(_ outcomes: [Outcome]) {
            for outcome in outcomes {
                let mark =
                    outcome.differences.isEmpty ? Terminal.green("ok") : Terminal.red("not ok")
                Terminal.write("\(mark)  \(outcome.file): \(Terminal.printable(outcome.name))\n")
                for difference in outcome.differences {
                    Terminal.write("    \(Terminal.printable(difference))\n")
                }
            }
            let failed = outcomes.count { !$0.differences.isEmpty }
            Terminal.write("\(outcomes.count - failed) of \(outcomes.count) cases as expected\n")
        }

        private static func play(_ file: String) throws -> [Outcome] {
            let document: RuleCaseDocument
            do throws(DocumentProblems) {
                document = try RuleCaseDocument(try DocumentFile.text(file), file: file)
            } catch {
                Terminal.complain(error.description)
                throw ExitCode(2)
            }
            let url = URL(fileURLWithPath: file)
            let folder = url.deletingLastPathComponent()
            let rules =
                document.rules.map { URL(fileURLWithPath: $0, relativeTo: folder).path }
                ?? url.deletingPathExtension().appendingPathExtension("yaml").path
            let evaluator = RuleEvaluator(ruleSet: try RulesCommand.read(rules))
            return try document.cases.map { one in
                var facts = one.facts
                if let bytes = try bytes(of: one, folder) {
                    facts.size = .known(bytes.count)
                    facts.read(bytes, for: evaluator.needs, guesser: ContentTypes.guesser())
                }
                let traces = evaluator.trace(
                    dryRun: facts, answers: one.answers, isDuty: DutyAddresses.mayContain)
                return Outcome(
                    file: file, name: one.name, differences: one.differences(from: traces))
            }
        }

        private static func bytes(of one: RuleCase, _ folder: URL) throws -> [UInt8]? {
            switch one.content {
            case .file(let path):
                try MailFile.bytes(URL(fileURLWithPath: path, relativeTo: folder).path)
            case .text(let text):
                // Mails end their lines by CRLF, and files of cases seldom do.
                text.utf8.reduce(into: []) { bytes, byte in
                    if byte == UInt8(ascii: "\n"), bytes.last != UInt8(ascii: "\r") {
                        bytes.append(UInt8(ascii: "\r"))
                    }
                    bytes.append(byte)
                }
            case nil: nil
            }
        }
    }
}

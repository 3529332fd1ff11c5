import ArgumentParser
import ControlPlane
import Foundation
import Storage

struct SuppressionImport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Put the addresses of a file on a list.",
        discussion: """
            Each line is address,REASON, or an object of JSON with emailAddress and reason. The \
            whole file is read first: where any line has a problem, all problems are printed and \
            nothing is changed (status 2).
            """)

    private static let problemsShownMax = 100

    @OptionGroup var server: ServerOptions
    @OptionGroup var scope: ScopeOptions

    @Flag(help: "Take the addresses from the list instead; their reasons do not count.")
    var delete = false

    @Argument(help: "The file; - is standard input.")
    var file: String

    func run() async throws {
        let entries = try entries()
        var rest = entries[...]
        var changed = 0
        while !rest.isEmpty {
            changed += try send(Array(rest.prefix(SuppressionOperations.batchMax)))
            rest = rest.dropFirst(SuppressionOperations.batchMax)
        }
        Terminal.write(
            delete
                ? "\(changed) of \(entries.count) addresses are no longer on \(scope.list)\n"
                : "\(changed) addresses are on \(scope.list)\n")
    }

    /// Of the whole file, which is read once: a pipe cannot be read again.
    private func entries() throws -> [SuppressionEntry] {
        var entries: [SuppressionEntry] = []
        var problems = 0
        do {
            try LineFile(path: file).forEach(lineBytesMax: SuppressionEntry.lineBytesMax) {
                line, number in
                do throws(SuppressionEntry.LineProblem) {
                    guard
                        let entry = try SuppressionEntry.read(line, needsReason: !delete)
                    else { return }
                    entries.append(entry)
                } catch {
                    problems += 1
                    guard problems <= Self.problemsShownMax else { return }
                    Terminal.complain("\(file):\(number): \(Terminal.printable("\(error)"))")
                }
            }
        } catch let failure as InputFile.Failure {
            Terminal.complain("martlet: \(Terminal.printable(failure.description))")
            throw ExitCode.failure
        }
        guard problems > 0 else { return entries }
        if problems > Self.problemsShownMax {
            Terminal.complain("and \(problems - Self.problemsShownMax) more problems")
        }
        Terminal.complain("martlet: nothing was changed")
        throw ExitCode(2)
    }

    private func send(_ batch: [SuppressionEntry]) throws -> Int {
        let request: SenderRequest =
            delete
            ? .unsuppress(batch.map(\.address), isGlobal: scope.global)
            : .suppress(batch, isGlobal: scope.global)
        guard case .sending(.count(let count)) = try server.ask(.sending(request)) else {
            return 0
        }
        return count
    }
}

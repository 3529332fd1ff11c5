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

    @Argument(help: "The file.")
    var file: String

    func run() async throws {
        try check()
        var batch: [SuppressionEntry] = []
        var (lines, changed) = (0, 0)
        try forEachEntry { entry in
            batch.append(entry)
            lines += 1
            if batch.count == SuppressionOperations.batchMax {
                changed += try send(batch)
                batch = []
            }
        } onProblem: { _, _ in
        }
        if !batch.isEmpty { changed += try send(batch) }
        Terminal.write(
            delete
                ? "\(changed) of \(lines) addresses are no longer on \(scope.list)\n"
                : "\(changed) addresses are on \(scope.list)\n")
    }

    private func check() throws {
        var problems = 0
        try forEachEntry { _ in
        } onProblem: { problem, number in
            problems += 1
            if problems <= Self.problemsShownMax {
                Terminal.complain("\(file):\(number): \(Terminal.printable("\(problem)"))")
            }
        }
        guard problems > 0 else { return }
        if problems > Self.problemsShownMax {
            Terminal.complain("and \(problems - Self.problemsShownMax) more problems")
        }
        Terminal.complain("martlet: nothing was changed")
        throw ExitCode(2)
    }

    private func forEachEntry(
        _ body: (SuppressionEntry) throws -> Void,
        onProblem: (SuppressionEntry.LineProblem, Int) -> Void
    ) throws {
        do {
            try LineFile(path: file).forEach(lineBytesMax: SuppressionEntry.lineBytesMax) {
                line, number in
                let entry: SuppressionEntry?
                do throws(SuppressionEntry.LineProblem) {
                    entry = try SuppressionEntry.read(line, needsReason: !delete)
                } catch {
                    return onProblem(error, number)
                }
                if let entry { try body(entry) }
            }
        } catch let failure as InputFile.Failure {
            Terminal.complain("martlet: \(Terminal.printable(failure.description))")
            throw ExitCode.failure
        }
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

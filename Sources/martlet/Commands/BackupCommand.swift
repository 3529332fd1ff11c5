import ArgumentParser
import ControlPlane
import Foundation
import Glibc

struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy a running server's spool, keys and rules into an empty folder.",
        discussion: """
            The server makes the copy, so its user needs to be able to write there. Every mail \
            acknowledged before is in it, and mail goes on coming in meanwhile.
            """)

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    @Argument(help: "A folder of the server's machine that is empty, or not there yet.")
    var folder: String

    func run() async throws {
        let here = FileManager.default.currentDirectoryPath
        let path = URL(fileURLWithPath: folder.hasPrefix("/") ? folder : "\(here)/\(folder)")
            .standardizedFileURL.path
        let isWatched = isatty(2) == 1
        let answer = try server.ask(.backup(folder: path)) { part in
            if isWatched, case .progress(let progress) = part { Self.show(progress) }
            return true
        }
        if isWatched { Terminal.complainInPlace("") }
        guard case .backup(let backup) = answer else { return }
        if output.json { return try Terminal.json(backup) }
        Terminal.write(
            "\(backup.folder): \(backup.mails) mails, \(backup.bodies) body files "
                + "(\(backup.links) of them links), \(backup.files) files in all, "
                + "\(backup.bytes) bytes\n")
        if !backup.notCopied.isEmpty {
            Terminal.complain(
                "warning: not copied, since it is no file: "
                    + backup.notCopied.joined(separator: ", "))
        }
        guard !backup.mailsWithoutBody.isEmpty else { return }
        Terminal.complain(
            "warning: these mails have no body file, here or in the spool: "
                + backup.mailsWithoutBody.joined(separator: ", "))
    }

    private static func show(_ progress: BackupProgress) {
        Terminal.complainInPlace(
            "\(progress.step.rawValue): \(progress.done) of \(progress.total)")
    }
}

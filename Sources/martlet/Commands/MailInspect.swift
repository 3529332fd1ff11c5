import ArgumentParser
import ControlPlane
import Daemon
import Foundation

extension MailCommand {
    /// Works on a file, and the DNS.
    struct Inspect: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show what a mail's file is: verdicts, what it reports, structure, defects.",
            discussion: """
                Needs no server. Attachments are told by what they say to be and by what their \
                bytes are; nothing of them is opened. Who sent the mail is asked of the DNS of the \
                configuration that -c names, or else of the system's; SPF only with --ip. Lists \
                and scanners are asked with --scan alone, since they are given the mail.
                """)

        @Option(
            name: .shortAndLong,
            help: ArgumentHelp(
                "The configuration whose DNS, name and scanners count.", valueName: "file"))
        var config: String?

        @OptionGroup var output: OutputOptions
        @OptionGroup var sender: ClientOptions

        @Flag(help: "Ask nobody: only what the mail itself tells.")
        var offline = false

        @Flag(help: "Ask the lists and scanners of the configuration, too.")
        var scan = false

        @Argument(help: "The mail's file; - for standard input.", completion: .file())
        var file: String

        func validate() throws {
            if scan, offline { throw ValidationError("--scan asks others, --offline nobody") }
            if scan, config == nil {
                throw ValidationError("--scan wants the configuration that names whom to ask: -c")
            }
        }

        func run() async throws {
            let mail = try MailFile.bytes(file)
            let found = try await VerdictInspection(
                of: mail, from: sender.client, by: config.map { try ServerOptions.reading($0) },
                asking: offline ? .nobody : scan ? .screening : .dns)
            var inspection = MailInspection(mail, guesser: ContentTypes.guesser())
            if !offline { inspection.verdicts = VerdictView.all(found.verdicts) }
            inspection.inquiries = InquiryView.all(found.verdicts)
            inspection.forgedResults = found.forgedFields
            if output.json { return try Terminal.json(inspection) }
            InspectionText.write(inspection)
        }
    }
}

/// A mail in a file, for the commands that need no server.
enum MailFile {
    /// Bytes; more are no mail that anybody would take.
    private static let bytesMax = 256 * 1_048_576

    /// Throws `ValidationError` where it cannot be read.
    static func bytes(_ path: String) throws -> [UInt8] {
        let file: FileHandle
        if path == "-" {
            file = FileHandle.standardInput
        } else if let opened = FileHandle(forReadingAtPath: path) {
            file = opened
        } else {
            throw ValidationError("\(path): \(String(cString: strerror(errno)))")
        }
        var bytes: [UInt8] = []
        while let piece = try piece(of: file, path), !piece.isEmpty {
            bytes += piece
            guard bytes.count <= bytesMax else {
                throw ValidationError("\(path): larger than \(bytesMax / 1_048_576) MiB")
            }
        }
        return bytes
    }

    private static func piece(of file: FileHandle, _ path: String) throws -> Data? {
        do {
            return try file.read(upToCount: 1_048_576)
        } catch {
            var isFolder: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            let reason =
                isFolder.boolValue ? "it is a folder, and a file is wanted" : "it cannot be read"
            throw ValidationError("\(path): \(reason)")
        }
    }
}

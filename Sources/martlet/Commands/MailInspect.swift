import ArgumentParser
import ControlPlane
import Daemon
import Foundation

extension MailCommand {
    /// Works on a file alone.
    struct Inspect: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show what is seen in a mail's file: structure, defects, attachments.",
            discussion: """
                Needs no server. Attachments are told by what they say to be and by what their \
                bytes are; nothing of them is opened.
                """)

        @OptionGroup var output: OutputOptions

        @Argument(help: "The mail's file; - for standard input.", completion: .file())
        var file: String

        func run() async throws {
            let mail = try MailFile.bytes(file)
            let inspection = MailInspection(mail, guesser: ContentTypes.guesser())
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
        while let piece = try file.read(upToCount: 1_048_576), !piece.isEmpty {
            bytes += piece
            guard bytes.count <= bytesMax else {
                throw ValidationError("\(path): larger than \(bytesMax / 1_048_576) MiB")
            }
        }
        return bytes
    }
}

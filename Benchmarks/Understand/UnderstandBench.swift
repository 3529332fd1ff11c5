import Foundation

/// `UnderstandBench WHAT FOLDER SECONDS` does one thing to the mails of a folder over and over, and
/// prints how many microseconds of the processor one mail takes. `Benchmarks/understand.py` makes the
/// mails and compares.
@main
enum UnderstandBench {
    /// One thing that is measured: made ready once, then done to a mail at a time.
    static let works: [String: @Sendable (MailFolder) throws -> any Work] = [
        "dkim": VerifyDKIM.init, "spf": CheckSPF.init, "mime": ReadStructure.init,
        "rules": EvaluateRules.init,
    ]

    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 4, let make = works[arguments[1]],
            let seconds = Double(arguments[3])
        else {
            FileHandle.standardError.write(
                Data("usage: UnderstandBench \(works.keys.sorted()) FOLDER SECONDS\n".utf8))
            exit(64)
        }
        let folder = try MailFolder(arguments[2])
        let work = try make(folder)
        let taken = try await microseconds(of: work, folder.mails, atLeast: seconds)
        FileHandle.standardOutput.write(Data(String(format: "%.2f\n", taken).utf8))
    }

    /// Of the processor's time, which is less noisy than that of the clock on the wall.
    private static func microseconds(
        of work: any Work, _ mails: [[UInt8]], atLeast seconds: Double
    ) async throws -> Double {
        // What is made at its first use is not measured.
        for mail in mails { try await work.run(mail) }
        let start = clock()
        var count = 0
        while Double(clock() - start) < seconds * Double(CLOCKS_PER_SEC) {
            for mail in mails { try await work.run(mail) }
            count += mails.count
        }
        return Double(clock() - start) / Double(CLOCKS_PER_SEC) * 1e6 / Double(count)
    }
}

protocol Work: Sendable {
    /// Throws where the outcome is not what the mails were made for.
    func run(_ mail: [UInt8]) async throws
}

struct WrongOutcome: Error {
    let text: String
}

/// What is in a folder: mails (`*.eml`, CRLF), or what takes their place, and beside them `zone`.
struct MailFolder: Sendable {
    let mails: [[UInt8]]
    let resolver: FolderResolver

    init(_ path: String) throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
        mails = try files.filter { $0.hasSuffix(".eml") }.map { file in
            Array(try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(file)")))
        }
        let zone = (try? String(contentsOfFile: "\(path)/zone", encoding: .utf8)) ?? ""
        resolver = FolderResolver(zone)
    }
}

import Foundation
import MailModel

/// TNEF files, and the contents that MimeKit takes out of them. Its `message.rtf` is a decompressed
/// property: nothing is decompressed here.
enum TNEFSuite: OutsideSuite {
    static let name = "tnef"

    static func results(in folder: String) throws -> [SuiteResult] {
        var results: [SuiteResult] = []
        for path in try SuiteFiles.paths(in: folder, ending: ".tnef") {
            let stem = "\(folder)/\(path.dropLast(5))"
            let tnef = TNEF(try SuiteFiles.bytes("\(folder)/\(path)")[...])
            results.append(
                SuiteResult(
                    case: "\(path) read", step: "read", theirs: "true", ours: "\(tnef != nil)"))
            let files = (try? SuiteFiles.paths(in: stem, ending: "")) ?? []
            for file in files where file != "message.rtf" {
                let theirs = try SuiteFiles.bytes("\(stem)/\(file)")
                results.append(
                    SuiteResult(
                        case: "\(path) \(file)", step: "content",
                        theirs: Shown.bytes(SuiteFiles.withLF(theirs)),
                        ours: ours(tnef, file, theirs)))
            }
        }
        return results
    }

    private static func ours(_ tnef: TNEF?, _ file: String, _ theirs: [UInt8]) -> String {
        guard let tnef else { return "none" }
        switch file {
        case "message.html": return shown(tnef.html)
        case "message.txt": return shown(tnef.text.map { Array($0.utf8)[...] })
        default:
            let named = tnef.attachments.filter { attachment in
                attachment.names.contains { name in
                    name == file || file.hasPrefix("\(name).")
                }
            }
            // Several may be called the same.
            let equal = named.first { Shown.bytes(Array($0.data)) == Shown.bytes(theirs) }
            return shown((equal ?? named.first)?.data)
        }
    }

    /// The set was kept with the line ends of Unix.
    private static func shown(_ bytes: ArraySlice<UInt8>?) -> String {
        bytes.map { Shown.bytes(SuiteFiles.withLF(Array($0))) } ?? "none"
    }
}

import Foundation
import MailModel

/// TNEF files, and the contents that MimeKit takes out of them.
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
            for file in files {
                let theirs = withoutInterface(try SuiteFiles.bytes("\(stem)/\(file)"))
                results.append(
                    SuiteResult(
                        case: "\(path) \(file)", step: "content",
                        theirs: Shown.bytes(SuiteFiles.withLF(theirs)),
                        ours: ours(tnef, file, theirs)))
            }
        }
        return results
    }

    /// MS-OXTNEF, 2.1.3.4: the value of an object begins with the 16 bytes of its interface's id, which
    /// MimeKit keeps as part of the content: `IStorage` and `IMessage` are met.
    private static func withoutInterface(_ bytes: [UInt8]) -> [UInt8] {
        let common: [UInt8] = [0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46]
        let interfaces = [[0x0B, 0, 0, 0], [0x07, 0x03, 0x02, 0]].map { $0 + common as [UInt8] }
        return interfaces.contains { bytes.starts(with: $0) } ? Array(bytes.dropFirst(16)) : bytes
    }

    private static func ours(_ tnef: TNEF?, _ file: String, _ theirs: [UInt8]) -> String {
        guard let tnef else { return "none" }
        switch file {
        case "message.html": return shown(tnef.html)
        case "message.rtf": return shown(tnef.rtf?[...])
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

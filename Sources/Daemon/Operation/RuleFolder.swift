// Where the compiler looks for `stat` in a program with Dispatch in it.
import CDispatch
import ControlPlane
package import Documents
import Foundation
import Glibc
import ObjectStorage
package import Storage

/// The folder of rule files: each `.yaml` in it is one rule set, each `.list` a list of addresses
/// that rule sets name.
package struct RuleFolder: RuleFiles {
    package let folder: String

    package init(path: String) {
        folder = path
    }

    package func read() throws(DocumentProblems) -> [(file: String, text: String)] {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder)
        } catch {
            let reason = SettingReader.reasonAgainst(folder, R_OK | X_OK) ?? "it is no folder"
            throw DocumentProblems([
                problem(
                    folder,
                    "the rules folder cannot be read: \(reason); "
                        + "rules.directory names another")
            ])
        }
        let misnamed = names.sorted().filter { $0.hasSuffix(".yml") && !$0.hasPrefix(".") }
        guard misnamed.isEmpty else {
            throw DocumentProblems(
                misnamed.map { problem("\(folder)/\($0)", "rule files end in .yaml: rename it") })
        }
        var files: [(file: String, text: String)] = []
        for name in names.sorted() where Self.isRead(name) {
            let file = "\(folder)/\(name)"
            files.append((file, try DocumentFile.text(file)))
        }
        return files
    }

    package func write(_ text: String, as name: String) throws(StorageFailure) {
        let path = "\(folder)/\(name)"
        var status = stat()
        let isThere = lstat(path, &status) == 0
        // What it leads to may be another program's, and a new file would not be what it leads to.
        guard !isThere || status.st_mode & S_IFMT == S_IFREG else {
            throw .refused("\(path) is no regular file")
        }
        try PrivateFile.write(
            Data(text.utf8), to: path, mode: isThere ? status.st_mode & 0o777 : 0o644)
    }

    private static func isRead(_ name: String) -> Bool {
        (name.hasSuffix(".yaml") || name.hasSuffix(".list")) && !name.hasPrefix(".")
    }

    private func problem(_ file: String, _ message: String) -> DocumentProblem {
        DocumentProblem(file: file, line: nil, path: "", message: message)
    }

    /// Differs when a file was changed, added or removed.
    func stamp() -> [String: FileStamp] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        var stamps: [String: FileStamp] = [:]
        for name in names where Self.isRead(name) || name.hasSuffix(".yml") {
            stamps[name] = FileStamp(ofFileAt: "\(folder)/\(name)")
        }
        return stamps
    }
}

import ControlPlane
package import Documents
import Foundation

/// The folder of rule files: each `.yaml` in it is one rule set.
package struct RuleFolder: RuleFiles {
    private let path: String

    package init(path: String) {
        self.path = path
    }

    package func read() throws(DocumentProblems) -> [(file: String, text: String)] {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: path)
        } catch {
            throw DocumentProblems([
                DocumentProblem(
                    file: path, line: nil, path: "", message: "the rules folder cannot be read")
            ])
        }
        var files: [(file: String, text: String)] = []
        for name in names.sorted() where name.hasSuffix(".yaml") && !name.hasPrefix(".") {
            let file = "\(path)/\(name)"
            files.append((file, try DocumentFile.text(file)))
        }
        return files
    }

    /// Differs when a file was changed, added or removed.
    func stamp() -> [String: FileStamp] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        var stamps: [String: FileStamp] = [:]
        for name in names where name.hasSuffix(".yaml") {
            stamps[name] = FileStamp(ofFileAt: "\(path)/\(name)")
        }
        return stamps
    }
}

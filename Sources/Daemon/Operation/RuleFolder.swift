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
            guard let data = FileManager.default.contents(atPath: file) else {
                throw DocumentProblems([
                    DocumentProblem(file: file, line: nil, path: "", message: "cannot be read")
                ])
            }
            files.append((file, String(decoding: data, as: UTF8.self)))
        }
        return files
    }

    /// Differs when a file was changed, added or removed.
    func stamp() -> [String: Stamp] {
        let files = FileManager.default
        var stamps: [String: Stamp] = [:]
        for name in (try? files.contentsOfDirectory(atPath: path)) ?? []
        where name.hasSuffix(".yaml") {
            guard let attributes = try? files.attributesOfItem(atPath: "\(path)/\(name)") else {
                continue
            }
            stamps[name] = Stamp(
                changed: attributes[.modificationDate] as? Date,
                bytes: attributes[.size] as? Int, number: attributes[.systemFileNumber] as? Int)
        }
        return stamps
    }

    struct Stamp: Equatable {
        var changed: Date?
        var bytes: Int?
        var number: Int?
    }
}

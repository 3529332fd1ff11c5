import Foundation
import Synchronization
import TestSupport

/// The project's own files: what was built, fetched or left over is none of it.
enum ProjectTree {
    /// Paths of all files, from the project's folder, by name.
    static let files: [String] = {
        var found: [String] = []
        collect("", into: &found)
        return found.sorted()
    }()

    private static func collect(_ folder: String, into found: inout [String]) {
        let manager = FileManager.default
        let names =
            (try? manager.contentsOfDirectory(atPath: "\(ProjectFiles.root)/\(folder)")) ?? []
        for name in names where !isForeign(name, at: folder) {
            let path = folder.isEmpty ? name : "\(folder)/\(name)"
            var isFolder: ObjCBool = false
            guard manager.fileExists(atPath: "\(ProjectFiles.root)/\(path)", isDirectory: &isFolder)
            else { continue }
            if isFolder.boolValue { collect(path, into: &found) } else { found.append(path) }
        }
    }

    private static func isForeign(_ name: String, at folder: String) -> Bool {
        if folder.isEmpty, name == "var" || name == ".git" || name.hasPrefix(".build") {
            return true
        }
        return ["__pycache__", "private", ".swiftpm"].contains(name) || name.hasSuffix(".swp")
            || name.hasSuffix(".pyc") || name == "Package.resolved"
    }

    static func files(under folder: String, ending: String = "") -> [String] {
        files.filter { $0.hasPrefix(folder + "/") && $0.hasSuffix(ending) }
    }

    static let swiftSources = files(under: "Sources", ending: ".swift")

    /// The target that a file under `Sources` belongs to.
    static func target(of path: String) -> String {
        path.split(separator: "/").dropFirst().first.map(String.init) ?? ""
    }

    // MARK: What stands in them

    private struct Read {
        var texts: [String: String] = [:]
        var parts: [String: SwiftText] = [:]
    }

    private static let read = Mutex(Read())

    /// Empty where the file is no text.
    static func text(_ path: String) -> String {
        read.withLock { read in
            if let known = read.texts[path] { return known }
            let text = (try? ProjectFiles.text("\(ProjectFiles.root)/\(path)")) ?? ""
            read.texts[path] = text
            return text
        }
    }

    static func swift(_ path: String) -> SwiftText {
        if let known = read.withLock({ $0.parts[path] }) { return known }
        let parts = SwiftText(text(path))
        read.withLock { $0.parts[path] = parts }
        return parts
    }
}

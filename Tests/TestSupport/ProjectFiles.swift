import Foundation

/// Where the project and its fixtures are.
package enum ProjectFiles {
    /// The project's folder, without a final slash.
    package static let root: String = {
        var url = URL(fileURLWithPath: #filePath)
        for _ in 0..<3 { url.deleteLastPathComponent() }
        return url.path
    }()

    package static func fixture(_ path: String) -> String { "\(root)/Tests/Fixtures/\(path)" }

    package static func text(_ path: String) throws -> String {
        try String(contentsOfFile: path, encoding: .utf8)
    }

    /// Files of a fixture folder with this ending, by name.
    package static func fixtures(in folder: String, ending: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: fixture(folder))
            .filter { $0.hasSuffix(ending) }.sorted()
    }

    /// A new empty folder; the caller removes it.
    package static func temporaryFolder() throws -> String {
        let path = NSTemporaryDirectory() + "martlet-tests-\(UUID().uuidString.lowercased())"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }
}

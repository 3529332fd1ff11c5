import Documents
import Foundation
import Glibc

/// Reads values by the schema: keys, defaults and ranges come from there.
struct SettingReader {
    /// What has to stand at a path, if anything does.
    enum PathKind {
        case file
        case folder
    }

    /// Where relative paths start.
    let folder: String
    /// Those of the document that is read.
    let secretFiles = SecretFiles()

    /// The mapping at `name` of the top level; nil where it is absent.
    func section(_ root: DocumentMapping, _ name: String) -> DocumentMapping? {
        root[name]?.mapping(keys: ConfigurationSchema.keys(at: name))
    }

    func int(_ mapping: DocumentMapping?, _ path: String) -> Int {
        let setting = ConfigurationSchema.setting(path)
        let given = mapping?.int(setting.key, in: setting.range ?? 0...Int.max)
        return given ?? Int(setting.defaultText) ?? 0
    }

    func bool(_ mapping: DocumentMapping?, _ path: String) -> Bool {
        let setting = ConfigurationSchema.setting(path)
        return mapping?.bool(setting.key) ?? (setting.defaultText == "true")
    }

    // MARK: Paths

    /// A path, absolute.
    func path(_ value: DocumentValue?, to kind: PathKind) -> String? {
        guard let value, let text = value.string() else { return nil }
        guard !text.isEmpty, !text.utf8.contains(0) else {
            value.note("“\(text)” is no path")
            return nil
        }
        guard text != "~", !text.hasPrefix("~/") else {
            value.note("“\(text)”: “~” stands for no home here; write the whole path")
            return nil
        }
        let path = absolute(text)
        switch (kind, Self.isFolder(path)) {
        case (.file, true): value.note("\(path) is a folder, expected a file")
        case (.folder, false): value.note("\(path) is a file, expected a folder")
        case (.file, _), (.folder, _): return path
        }
        return nil
    }

    /// The lines of a file of secrets (`SecretFile.lines`), and its path. Nil where it cannot be read,
    /// which is noted.
    func secretLines(_ place: DocumentValue) -> (lines: [String], path: String)? {
        guard let path = path(place, to: .file) else { return nil }
        do throws(SecretFile.Failure) {
            let lines = try SecretFile.lines(path)
            secretFiles.add(path, at: place.path)
            return (lines, path)
        } catch {
            place.note("\(error)")
            return nil
        }
    }

    func absolute(_ text: String) -> String {
        URL(fileURLWithPath: text.hasPrefix("/") ? text : "\(folder)/\(text)")
            .standardizedFileURL.path
    }

    /// Nil where nothing stands there, or nothing that we may see.
    static func isFolder(_ path: String) -> Bool? {
        var isFolder = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            ? isFolder : nil
    }

    /// Why `path` cannot be used in this way (`R_OK`, `X_OK`); nil where it can.
    static func reasonAgainst(_ path: String, _ use: Int32) -> String? {
        access(path, use) == 0 ? nil : String(cString: strerror(errno))
    }
}

import Foundation
import Topics

/// What a backup holds beside the spool: where it is, and where it goes.
struct BackupPlaces: Sendable {
    let hostname: String
    let configurationFile: String
    let dataDirectory: String
    let rulesDirectory: String
    /// In the data folder, and no part of a backup: what is the operator's own.
    private let excluded: Set<String>

    init(_ configuration: Configuration) {
        hostname = configuration.hostname
        configurationFile = configuration.file
        dataDirectory = configuration.dataDirectory
        rulesDirectory = configuration.rulesDirectory
        let data = configuration.dataDirectory
        let ours = ["spool", "handlers", "lock", "control.sock", "submit.sock"]
            .map { "\(data)/\($0)" }
        let buckets = configuration.bucketFolders.values
        let files = configuration.topics.values.flatMap { $0 }.compactMap { subscriber in
            Self.file(of: subscriber)
        }
        excluded = Set(ours + buckets + files + [configuration.rulesDirectory])
    }

    private static func file(of subscriber: Subscriber) -> String? {
        guard case .file(let path) = subscriber.endpoint else { return nil }
        return path
    }

    /// Each file beside the spool with its name in a backup; and what is left out because it is
    /// no file.
    struct Found {
        var files: [(source: String, name: String)] = []
        var others: [String] = []
    }

    /// What a backup at `folder` would copy it from, if it lies there: the next backup would have
    /// this one in it.
    func surrounding(_ folder: String) -> String? {
        let real = PlacesOnDisk.real(folder)
        return [dataDirectory, rulesDirectory].first {
            PlacesOnDisk.isInside(real, PlacesOnDisk.real($0))
        }
    }

    func find() -> Found {
        var found = Found()
        found.files = [(configurationFile, "martlet.yaml")]
        for name in names(in: rulesDirectory)
        where name.hasSuffix(".yaml") && !name.hasPrefix(".") {
            found.files.append(("\(rulesDirectory)/\(name)", "rules/\(name)"))
        }
        collect("", &found)
        return found
    }

    /// Keys, certificates, and whatever else the server keeps in its data folder.
    private func collect(_ inner: String, _ found: inout Found) {
        for name in names(in: "\(dataDirectory)/\(inner)") {
            let inner = inner.isEmpty ? name : "\(inner)/\(name)"
            let path = "\(dataDirectory)/\(inner)"
            guard !excluded.contains(path), let type = type(of: path) else { continue }
            // A file by whatever name; a folder that a link leads to may be any, or this one.
            let isLink = type == .typeSymbolicLink
            let target = isLink ? self.type(of: PlacesOnDisk.real(path)) : type
            if type == .typeDirectory {
                collect(inner, &found)
            } else if target == .typeRegular {
                found.files.append((path, "data/\(inner)"))
            } else {
                found.others.append(path)
            }
        }
    }

    /// Nil where nothing is.
    private func type(of path: String) -> FileAttributeType? {
        (try? FileManager.default.attributesOfItem(atPath: path))?[.type] as? FileAttributeType
    }

    private func names(in folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    }
}

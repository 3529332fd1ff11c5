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
        let ours = ["spool", "handlers", "lock", "control.sock"].map { "\(data)/\($0)" }
        let buckets = configuration.buckets.values.map(\.directory)
        let files = configuration.topics.values.flatMap { $0 }.compactMap { subscriber in
            Self.file(of: subscriber)
        }
        excluded = Set(ours + buckets + files + [configuration.rulesDirectory])
    }

    private static func file(of subscriber: Subscriber) -> String? {
        guard case .file(let path) = subscriber.endpoint else { return nil }
        return path
    }

    /// Each file beside the spool, and its name in the backup at `folder`.
    func files(butOf folder: String) -> [(source: String, name: String)] {
        var found: [(source: String, name: String)] = [(configurationFile, "martlet.yaml")]
        for name in names(in: rulesDirectory)
        where name.hasSuffix(".yaml") && !name.hasPrefix(".") {
            found.append(("\(rulesDirectory)/\(name)", "rules/\(name)"))
        }
        collect("", folder, &found)
        return found
    }

    /// Keys, certificates, and whatever else the server keeps in its data folder.
    private func collect(
        _ inner: String, _ folder: String, _ found: inout [(source: String, name: String)]
    ) {
        for name in names(in: "\(dataDirectory)/\(inner)") {
            let inner = inner.isEmpty ? name : "\(inner)/\(name)"
            let path = "\(dataDirectory)/\(inner)"
            guard path != folder, !excluded.contains(path) else { continue }
            let attributes = try? FileManager.default.attributesOfItem(atPath: path)
            guard let type = attributes?[.type] as? FileAttributeType else { continue }
            if type == .typeDirectory { collect(inner, folder, &found) }
            if type == .typeRegular { found.append((path, "data/\(inner)")) }
        }
    }

    private func names(in folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    }
}

import ControlPlane
import Crypto
import Foundation
import MailModel
import ObjectStorage
import SQLStorage
import Storage

/// One backup, step by step; blocks.
///
/// No body file is removed from before the database is copied until the last file is in the
/// backup, so each mail of the copy finds its body; files of later mails are no part of it.
struct BackupRun: Sendable {
    let folder: String
    let places: BackupPlaces
    let store: SQLStore
    let bodies: DirectoryBodyFiles
    let madeAt: Timestamp
    /// Throws where the backup shall end.
    let onProgress: @Sendable (BackupProgress) throws -> Void

    /// Throws `ControlFailure` or `StorageFailure`; then nothing is left of it.
    func make() throws -> BackupView {
        if let outer = places.surrounding(folder) {
            throw ControlFailure(
                .invalid,
                "\(folder) lies in \(outer), which is copied whole: choose a place outside of it")
        }
        let target: BackupFolder
        do throws(StorageFailure) {
            target = try BackupFolder(folder)
        } catch {
            if case .refused(let reason) = error { throw ControlFailure(.invalid, reason) }
            throw error
        }
        do {
            return try fill(target)
        } catch {
            target.remove()
            throw error
        }
    }

    private func fill(_ target: BackupFolder) throws -> BackupView {
        bodies.holdRemovals()
        defer { bodies.releaseRemovals() }
        let database = "data/spool/martlet.sqlite"
        let mails = try store.copy(to: try target.place(of: database)) { done, total in
            try onProgress(BackupProgress(.database, done: done, total: total))
        }
        let copied = try copyBodies(of: mails, to: target)
        var names = copied.names + [database]
        let found = places.find()
        for (source, name) in found.files {
            do throws(StorageFailure) {
                try target.copy(source, as: name)
            } catch {
                // An editor may have replaced a rule file meanwhile.
                guard case .notFound = error else { throw error }
                continue
            }
            names.append(name)
        }
        var view = BackupView(
            folder: folder, madeAt: madeAt.iso8601Text, hostname: places.hostname,
            schemaVersion: store.schemaVersion, mails: mails.count,
            bodies: copied.names.count, links: copied.links,
            mailsWithoutBody: copied.missing.map(\.text), notCopied: found.others,
            files: names.count, bytes: 0)
        view.bytes = try writeSums(of: names.sorted(), in: target)
        try target.sync()
        try writeManifest(view, in: target)
        try target.sync()
        return view
    }

    // MARK: Bodies

    private static let progressEvery = 200

    private func copyBodies(
        of mails: CopiedMails, to target: BackupFolder
    ) throws -> (names: [String], links: Int, missing: [MailID]) {
        var names: [String] = []
        var links = 0
        var missing: [MailID] = []
        for (index, mail) in mails.withFile.enumerated() {
            if index.isMultiple(of: Self.progressEvery) {
                try onProgress(
                    BackupProgress(.bodies, done: index, total: mails.withFile.count))
            }
            guard let (name, isLink) = try copyBody(of: mail, to: target) else {
                missing.append(mail)
                continue
            }
            names.append(name)
            if isLink { links += 1 }
        }
        return (names, links, missing)
    }

    /// The file from its place, or from where it was set aside; in between it may be on its way
    /// back. Nil where it is nowhere.
    private func copyBody(
        of mail: MailID, to target: BackupFolder
    ) throws(StorageFailure) -> (name: String, isLink: Bool)? {
        let candidates = [
            (bodies.path(of: mail), "data/spool/bodies/\(mail)"),
            (bodies.pathAside(of: mail), "data/spool/damaged/\(mail)"),
            (bodies.path(of: mail), "data/spool/bodies/\(mail)"),
        ]
        for (source, name) in candidates {
            do throws(StorageFailure) {
                return (name, try target.link(source, as: name))
            } catch {
                guard case .notFound = error else { throw error }
            }
        }
        return nil
    }

    // MARK: Sums and manifest

    /// In the form that `sha256sum -c` reads; answers the bytes of all files.
    private func writeSums(of names: [String], in target: BackupFolder) throws -> Int {
        var text = ""
        var bytes = 0
        for (index, name) in names.enumerated() {
            if index.isMultiple(of: Self.progressEvery) {
                try onProgress(BackupProgress(.checksums, done: index, total: names.count))
            }
            let (sum, length) = try Self.sum(of: "\(folder)/\(name)")
            text += "\(sum)  \(name)\n"
            bytes += length
        }
        try write(Data(text.utf8), as: "SHA256SUMS", in: target)
        return bytes
    }

    private static func sum(of path: String) throws -> (hexadecimal: String, bytes: Int) {
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        defer { try? file.close() }
        var hash = SHA256()
        var bytes = 0
        while let piece = try file.read(upToCount: 1 << 20), !piece.isEmpty {
            hash.update(data: piece)
            bytes += piece.count
        }
        return (Hexadecimal.text(hash.finalize()), bytes)
    }

    /// The last file: where it is, the backup is whole.
    private func writeManifest(_ view: BackupView, in target: BackupFolder) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try write(try encoder.encode(view) + Data("\n".utf8), as: "manifest.json", in: target)
    }

    private func write(_ data: Data, as name: String, in target: BackupFolder) throws {
        try PrivateFile.write(data, to: try target.place(of: name))
    }
}

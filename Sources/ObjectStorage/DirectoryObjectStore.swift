import Glibc
import MailModel
import NIOCore
package import Storage
import Synchronization

/// Buckets as folders: `<bucket folder>/<key>`, one file for each object.
///
/// A batch is written to temporary files in a folder of the same file system (so that a listing
/// never shows half an object), synced together, renamed into place, and the folders' entries
/// synced. An object that equals a body file is a link to it: the bytes are on the disk already.
/// Where a bucket has keys, its objects are sealed.
package final class DirectoryObjectStore: ObjectStore {
    /// From this many new files on, one sync of the file system is cheaper than one of each.
    private static let syncEachMax = 2
    /// Folders that are known; what is beyond is looked at again. A rule may have one for each name
    /// that a sender chooses.
    private static let knownMax = 10_000

    struct Bucket: Sendable {
        var folder: String
        /// Where its objects are written; on its file system.
        var temporary: FileDescriptor
    }

    /// The folder of each bucket, as configured.
    private let folders: [String: String]
    var bucketNames: Set<String> { Set(folders.keys) }

    /// Of those buckets whose objects are sealed.
    let keys: [String: ObjectKeys]
    private let shared: FileDescriptor
    /// Those whose folder could be had so far.
    private let buckets = Mutex<[String: Bucket]>([:])
    let counter = Atomic<Int>(0)
    /// Folders that are known to exist, durably.
    private let known = Mutex<Set<String>>([])
    let onSyncFailure: @Sendable (StorageFailure) -> Void

    /// In a bucket that is on another file system than the spool. No key begins with a dot.
    private static let hiddenFolder = ".incoming"

    /// `buckets` gives each bucket's folder, `keys` what the objects of some are sealed under.
    /// `temporaryFolder` is the spool's and ours alone: it is
    /// emptied here, since what lies there was never finished. A bucket on another file system
    /// has a hidden folder for that.
    ///
    /// A bucket whose folder cannot be had holds up nobody else: `onUnusable` is told, and each
    /// `put` into it tries again and fails alone. After a failed sync nothing is to be trusted, so
    /// that throws.
    package init(
        buckets: [String: String], keys: [String: ObjectKeys] = [:], temporaryFolder: String,
        onUnusable: (_ bucket: String, StorageFailure) -> Void = { _, _ in },
        onSyncFailure: @escaping @Sendable (StorageFailure) -> Void
    ) throws(StorageFailure) {
        self.onSyncFailure = onSyncFailure
        folders = buckets
        self.keys = keys
        shared = try Self.emptied(temporaryFolder)
        for name in buckets.keys.sorted() {
            do throws(StorageFailure) {
                _ = try bucket(name)
            } catch {
                if error.isSyncFailure { throw error }
                onUnusable(name, error)
            }
        }
    }

    /// Nil where the configuration names no such bucket.
    func bucket(_ name: String) throws(StorageFailure) -> Bucket? {
        if let bucket = buckets.withLock({ $0[name] }) { return bucket }
        guard let folder = folders[name] else { return nil }
        try Directories.create(folder, mode: 0o750)
        let isShared = try Self.canMove(from: shared.path, to: folder)
        let bucket = Bucket(
            folder: folder,
            temporary: isShared ? shared : try Self.emptied("\(folder)/\(Self.hiddenFolder)"))
        // Two at once may have made it: the first counts, whose hidden folder may be in use.
        return buckets.withLock { known in
            known[name] = known[name] ?? bucket
            return known[name]
        }
    }

    /// Two mounts of one file system have the same device, and no file moves between them: so it
    /// is tried.
    private static func canMove(
        from temporary: String, to folder: String
    ) throws(StorageFailure) -> Bool {
        let (probe, moved) = ("\(temporary)/probe", "\(folder)/\(hiddenFolder)-probe")
        _ = try FileDescriptor(probe, O_WRONLY | O_CREAT | O_TRUNC)
        defer {
            unlink(probe)
            unlink(moved)
        }
        if rename(probe, moved) == 0 { return true }
        guard errno == EXDEV else { throw .system("rename", moved) }
        return false
    }

    private static func emptied(_ folder: String) throws(StorageFailure) -> FileDescriptor {
        try Directories.create(folder)
        for name in try Directories.names(in: folder) { unlink("\(folder)/\(name)") }
        return try FileDescriptor(folder, O_RDONLY | O_DIRECTORY)
    }

    package func put(_ objects: [ObjectToPut]) async -> [Result<Void, ObjectStoreFailure>] {
        var batch = Batch(results: Array(repeating: .success(()), count: objects.count))
        for (index, object) in objects.enumerated() {
            do throws(ObjectStoreFailure) {
                try prepare(object, index, &batch)
            } catch {
                batch.results[index] = .failure(error)
            }
        }
        do throws(StorageFailure) {
            for bucket in buckets.withLock({ Array($0.values) }) {
                if let files = batch.files.removeValue(forKey: bucket.temporary.path) {
                    try sync(files, in: bucket.temporary)
                }
            }
            for entry in batch.entries { move(entry, &batch) }
            for folder in batch.folders.sorted() {
                try FileDescriptor(folder, O_RDONLY | O_DIRECTORY).sync()
            }
        } catch {
            if error.isSyncFailure { onSyncFailure(error) }
            for index in objects.indices where batch.results[index].isSuccess {
                batch.results[index] = .failure(.failed("\(error)"))
            }
        }
        // A renamed file is gone from here; a link that was there before, or a failure, is not.
        for entry in batch.entries where entry.isLink || !batch.results[entry.index].isSuccess {
            unlink(entry.temporary)
        }
        return batch.results
    }

    private struct Batch {
        struct Entry {
            var index: Int
            var temporary: String
            var final: String
            var folder: String
            var isLink: Bool
        }

        var results: [Result<Void, ObjectStoreFailure>]
        var entries: [Entry] = []
        /// Written, not yet synced; by the folder that they are in.
        var files: [String: [FileDescriptor]] = [:]
        /// With new entries.
        var folders: Set<String> = []
    }

    /// Writes or links the object under a temporary name.
    private func prepare(
        _ object: ObjectToPut, _ index: Int, _ batch: inout Batch
    ) throws(ObjectStoreFailure) {
        let usable: Bucket?
        do throws(StorageFailure) {
            usable = try bucket(object.bucket)
        } catch {
            throw .failed("\(error)")
        }
        guard let bucket = usable else { throw .noSuchBucket(object.bucket) }
        guard Self.isClean(object.key) else { throw .failed("“\(object.key)” is no object key") }
        let final = "\(bucket.folder)/\(object.key)"
        let folder = String(final[..<(final.lastIndex(of: "/") ?? final.startIndex)])
        let number = counter.add(1, ordering: .relaxed).newValue
        let temporary = "\(bucket.temporary.path)/\(number)"
        var isLink = false
        do throws(StorageFailure) {
            try makeFolder(folder)
            let keys = keys[object.bucket]
            if object.prefix == nil, keys == nil, case .file(let path, 0, _) = object.content {
                // A hard link wants one file system; a bucket elsewhere gets a copy.
                isLink = link(path, temporary) == 0
            }
            if !isLink {
                batch.files[bucket.temporary.path, default: []]
                    .append(try write(object, under: keys, to: temporary))
            }
        } catch {
            unlink(temporary)
            throw .failed("\(error)")
        }
        batch.entries.append(
            Batch.Entry(
                index: index, temporary: temporary, final: final, folder: folder, isLink: isLink))
    }

    private func write(
        _ object: ObjectToPut, under keys: ObjectKeys?, to path: String
    ) throws(StorageFailure) -> FileDescriptor {
        let file = try FileDescriptor(path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o640)
        if let keys {
            let pieces = try ObjectPieces(object, under: keys)
            var index = 0
            while let piece = try pieces.piece(index) {
                try file.write(piece)
                index += 1
            }
            return file
        }
        if let prefix = object.prefix { try file.write(prefix) }
        switch object.content {
        case .bytes(let bytes): try file.write(bytes)
        case .file(let source, let start, let length):
            try file.copy(
                from: try FileDescriptor(source, O_RDONLY | O_NOFOLLOW), start: start,
                length: length)
        }
        return file
    }

    private func makeFolder(_ folder: String) throws(StorageFailure) {
        guard !known.withLock({ $0.contains(folder) }) else { return }
        try Directories.create(folder, mode: 0o750)
        known.withLock { known in
            if known.count >= Self.knownMax { known = [] }
            known.insert(folder)
        }
    }

    private func sync(
        _ files: [FileDescriptor], in folder: FileDescriptor
    ) throws(StorageFailure) {
        guard files.count > Self.syncEachMax else {
            for file in files { try file.syncData() }
            return
        }
        try folder.syncFileSystem()
    }

    private func move(_ entry: Batch.Entry, _ batch: inout Batch) {
        if rename(entry.temporary, entry.final) == 0 {
            batch.folders.insert(entry.folder)
        } else {
            // The folder may have been removed behind our back: the next try makes it anew.
            _ = known.withLock { $0.remove(entry.folder) }
            let failure = StorageFailure.system("rename", entry.final)
            batch.results[entry.index] = .failure(.failed("\(failure)"))
        }
    }

    /// Keys are made of a rule's prefix and an id; nothing that leaves its bucket gets through, nor
    /// what is too long to be asked for.
    private static func isClean(_ key: String) -> Bool {
        (1...ObjectKey.bytesMax).contains(key.utf8.count)
            && key.split(separator: "/", omittingEmptySubsequences: false)
                .allSatisfy { !$0.isEmpty && !$0.hasPrefix(".") && !$0.utf8.contains(0) }
    }
}

extension Result {
    fileprivate var isSuccess: Bool {
        if case .success = self { true } else { false }
    }
}

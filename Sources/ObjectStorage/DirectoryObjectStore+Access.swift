import Glibc
import NIOCore
package import Storage
import Synchronization

extension DirectoryObjectStore: ObjectAccess {
    package func open(
        _ key: ObjectKey, in bucket: String
    ) throws(StorageFailure) -> (any StoredObject)? {
        guard let folder = try folder(of: key, in: bucket),
            let file = try folder.file(key.name), let facts = file.facts
        else { return nil }
        return OpenObject(file: file, facts: facts)
    }

    package func list(
        _ question: ObjectQuestion, in bucket: String
    ) throws(StorageFailure) -> ObjectListing {
        try ObjectWalk.listing(question, in: try top(bucket))
    }

    package func create(
        _ key: ObjectKey, in bucket: String
    ) throws(StorageFailure) -> any ObjectWriter {
        guard let place = try self.bucket(bucket) else { throw .notFound("bucket \(bucket)") }
        let number = counter.add(1, ordering: .relaxed).newValue
        let file = try FileDescriptor(
            "\(place.temporary.path)/\(number)", O_WRONLY | O_CREAT | O_EXCL, mode: 0o640)
        return NewObject(
            file: file, key: key, bucket: place, onSyncFailure: onSyncFailure)
    }

    package func remove(_ key: ObjectKey, in bucket: String) throws(StorageFailure) {
        guard let folder = try folder(of: key, in: bucket), case .object = folder.item(key.name)
        else { return }
        guard unlinkat(folder.descriptor.number, key.name, 0) == 0 || errno == ENOENT else {
            throw .system("unlink", "\(folder.descriptor.path)/\(key.name)")
        }
        do throws(StorageFailure) {
            try folder.descriptor.sync()
        } catch {
            if error.isSyncFailure { onSyncFailure(error) }
            throw error
        }
    }

    private func top(_ bucket: String) throws(StorageFailure) -> ObjectFolder {
        guard let place = try self.bucket(bucket) else { throw .notFound("bucket \(bucket)") }
        return try ObjectFolder(of: place)
    }

    /// The folder that the object is in; nil where there is none.
    private func folder(
        of key: ObjectKey, in bucket: String
    ) throws(StorageFailure) -> ObjectFolder? {
        var folder = try top(bucket)
        for part in key.parts.dropLast() {
            guard let next = try folder.folder(part) else { return nil }
            folder = next
        }
        return folder
    }
}

extension ObjectKey {
    /// In its folder.
    fileprivate var name: String { parts.last ?? "" }
}

private struct OpenObject: StoredObject {
    let file: FileDescriptor
    let facts: ObjectFacts

    func read(from start: Int, length: Int) throws(StorageFailure) -> ByteBuffer {
        try file.read(at: start, length: length)
    }
}

private struct NewObject: ObjectWriter {
    let file: FileDescriptor
    let key: ObjectKey
    let bucket: DirectoryObjectStore.Bucket
    let onSyncFailure: @Sendable (StorageFailure) -> Void

    func write(_ bytes: ByteBuffer) throws(StorageFailure) { try file.write(bytes) }

    func finish() throws(StorageFailure) -> ObjectFacts? {
        do throws(StorageFailure) {
            try file.syncData()
            guard try move() else { return nil }
        } catch {
            if error.isSyncFailure { onSyncFailure(error) }
            throw error
        }
        guard let facts = file.facts else { throw .system("stat", file.path) }
        return facts
    }

    private func move() throws(StorageFailure) -> Bool {
        var folder = try ObjectFolder(of: bucket)
        for part in key.parts.dropLast() {
            guard let next = try folder.made(part) else { return false }
            folder = next
        }
        guard renameat(AT_FDCWD, file.path, folder.descriptor.number, key.name) == 0 else {
            if errno == EISDIR { return false }
            throw .system("rename", "\(folder.descriptor.path)/\(key.name)")
        }
        try folder.descriptor.sync()
        return true
    }

    func abandon() { unlink(file.path) }
}

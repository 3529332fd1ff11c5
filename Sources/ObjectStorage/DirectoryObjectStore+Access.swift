import Glibc
import NIOCore
package import Storage
import Synchronization

extension DirectoryObjectStore: ObjectAccess {
    package func open(
        _ key: ObjectKey, in bucket: String
    ) throws(StorageFailure) -> (any StoredObject)? {
        guard let file = try file(key, in: bucket) else { return nil }
        guard let keys = keys[bucket] else { return file }
        return try SealedObject(file, as: "\(bucket)/\(key.text)", under: keys)
    }

    /// As it is on the disk.
    private func file(_ key: ObjectKey, in bucket: String) throws(StorageFailure) -> OpenFile? {
        guard let folder = try folder(of: key, in: bucket),
            let file = try folder.file(key.name), let facts = file.facts
        else { return nil }
        return OpenFile(file: file, facts: facts)
    }

    package func list(
        _ question: ObjectQuestion, in bucket: String
    ) throws(StorageFailure) -> ObjectListing {
        var listing = try ObjectWalk.listing(question, in: try top(bucket))
        guard keys[bucket] != nil else { return listing }
        for (index, entry) in listing.entries.enumerated() {
            // One that cannot be opened is listed as it lies there, and keeps no other from being listed.
            guard case .object(let name, let facts) = entry, let key = ObjectKey(name),
                let file = try? file(key, in: bucket),
                let opened = try? Self.openedFacts(facts, of: file)
            else { continue }
            listing.entries[index] = .object(key: name, opened)
        }
        return listing
    }

    /// With the size of what is in it, as its length says; nobody has opened it.
    private static func openedFacts(
        _ facts: ObjectFacts, of file: OpenFile
    ) throws(StorageFailure) -> ObjectFacts {
        guard let head = try ObjectSeal.headLength(of: file),
            let size = ObjectSeal.length(ofSealed: facts.size, head: head)
        else { return facts }
        return ObjectFacts(size: size, modifiedAt: facts.modifiedAt, tag: facts.tag)
    }

    package func create(
        _ key: ObjectKey, in bucket: String
    ) throws(StorageFailure) -> any ObjectWriter {
        guard let place = try self.bucket(bucket) else { throw .notFound("bucket \(bucket)") }
        let number = counter.add(1, ordering: .relaxed).newValue
        let file = try FileDescriptor(
            "\(place.temporary.path)/\(number)", O_WRONLY | O_CREAT | O_EXCL, mode: 0o640)
        let object = NewObject(
            file: file, key: key, bucket: place, onSyncFailure: onSyncFailure)
        guard let keys = keys[bucket] else { return object }
        do throws(StorageFailure) {
            return try SealingWriter(object, ObjectSeal(bucket, key.text, under: keys))
        } catch {
            object.abandon()
            throw error
        }
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

import NIOCore
import Storage

/// An object as it is on the disk.
struct OpenFile: StoredObject {
    let file: FileDescriptor
    let facts: ObjectFacts

    func read(from start: Int, length: Int) throws(StorageFailure) -> ByteBuffer {
        try file.read(at: start, length: length)
    }
}

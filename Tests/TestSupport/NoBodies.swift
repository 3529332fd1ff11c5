package import MailModel
package import NIOCore
package import Storage
package import Synchronization

/// No files; the folder's sync fails when a test says so.
package final class NoBodies: BodyFiles {
    package let directoryFailure = Mutex<StorageFailure?>(nil)

    package init() {}

    package func create(_ mail: MailID) throws(StorageFailure) -> any BodyFileWriter {
        throw .refused("no files here")
    }
    package func path(of mail: MailID) -> String { "" }
    package func read(
        _ mail: MailID, from start: Int, length: Int
    ) throws(StorageFailure) -> ByteBuffer {
        throw .notFound("no files here")
    }
    package func link(_ mail: MailID, as copy: MailID) throws(StorageFailure) {
        throw .notFound("no files here")
    }
    package func syncDirectory() throws(StorageFailure) {
        if let failure = directoryFailure.withLock({ $0 }) { throw failure }
    }
    package func remove(_ mails: [MailID]) {}
    package func all() throws(StorageFailure) -> [MailID] { [] }
    package func rewrite(_ mail: MailID, _ content: ByteBuffer) throws(StorageFailure) {
        throw .refused("no files here")
    }
    package func setAside(_ mails: [MailID]) throws(StorageFailure) {
        throw .refused("no files here")
    }
    package func allAside() throws(StorageFailure) -> [MailID] { [] }
    package func takeBack(_ mail: MailID) throws(StorageFailure) { throw .refused("no files here") }
    package func freeBytes() throws(StorageFailure) -> Int64 { 0 }
}

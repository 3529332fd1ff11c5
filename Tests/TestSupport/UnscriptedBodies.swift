package import MailModel
package import NIOCore
package import Storage

/// For fakes that script some calls: every other fails.
package protocol UnscriptedBodies: BodyFiles {}

extension UnscriptedBodies {
    private var failure: StorageFailure { .refused("unscripted") }

    package func create(_ mail: MailID) throws(StorageFailure) -> any BodyFileWriter {
        throw failure
    }
    package func path(of mail: MailID) -> String { "/unscripted/\(mail)" }
    package func read(
        _ mail: MailID, from start: Int, length: Int
    ) throws(StorageFailure) -> ByteBuffer {
        throw failure
    }
    package func link(_ mail: MailID, as copy: MailID) throws(StorageFailure) { throw failure }
    package func syncDirectory() throws(StorageFailure) { throw failure }
    package func remove(_ mails: [MailID]) {}
    package func all() throws(StorageFailure) -> [MailID] { throw failure }
    package func rewrite(_ mail: MailID, _ content: ByteBuffer) throws(StorageFailure) {
        throw failure
    }
    package func setAside(_ mails: [MailID]) throws(StorageFailure) { throw failure }
    package func allAside() throws(StorageFailure) -> [MailID] { throw failure }
    package func takeBack(_ mail: MailID) throws(StorageFailure) { throw failure }
    package func freeBytes() throws(StorageFailure) -> Int64 { throw failure }
}

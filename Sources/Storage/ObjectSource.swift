/// The port to what lies in buckets, of folders and on other servers alike, for who goes through them.
package protocol ObjectSource: Sendable {
    /// What the configuration calls them.
    var bucketNames: Set<String> { get }
    /// Objects in the order of their keys' bytes. Where they are encrypted, a size may be that of what
    /// lies there.
    func listing(
        _ question: ObjectQuestion, in bucket: String
    ) async throws(ObjectReadFailure) -> ObjectListing
    /// The object as it is now, decrypted where its bucket has keys; nil where there is none.
    /// `bytesMax`: of what lies there; one with more is `unreadable`.
    func object(
        _ key: ObjectKey, in bucket: String, bytesMax: Int
    ) async throws(ObjectReadFailure) -> (any StoredObject)?
}

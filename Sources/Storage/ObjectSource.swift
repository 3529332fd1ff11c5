/// The port to what lies in buckets, of folders and on other servers alike, for who goes through them.
package protocol ObjectSource: Sendable {
    /// What the configuration calls them.
    var bucketNames: Set<String> { get }
    /// Objects in the order of their keys' bytes, and folders that are closed. Where they are
    /// encrypted, a size may be that of what lies there.
    func listing(
        _ question: ObjectQuestion, in bucket: String
    ) async throws(ObjectReadFailure) -> ObjectListing
    /// The object as it is now, decrypted where its bucket has keys; nil where there is none.
    /// `size`: of what lies there, as it was listed. One of another server that has another by now is
    /// `unreadable`: it was written anew, or did not come whole.
    func object(
        _ key: ObjectKey, in bucket: String, size: Int
    ) async throws(ObjectReadFailure) -> (any StoredObject)?
}

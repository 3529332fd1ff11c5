import Storage
import Synchronization

/// What is left of the listing that was asked for last: a listing of a large folder reads all of its
/// names, and so is longer than a page. What lies there is older than the wish, and so is none the less
/// right later; what has vanished meanwhile is found out when it is read.
final class ListedObjects: Sendable {
    private struct Listed {
        let bucket: ReplayWish.Bucket
        /// The key behind which it begins.
        let start: String
        let listing: ObjectListing
    }

    private let last = Mutex<Listed?>(nil)

    func note(_ listing: ObjectListing, of bucket: ReplayWish.Bucket, after start: String) {
        last.withLock { $0 = Listed(bucket: bucket, start: start, listing: listing) }
    }

    /// What an object had then it may have no more.
    func forget() { last.withLock { $0 = nil } }

    /// Those behind `key`; nil where that is to be asked for. Whoever begins, asks.
    func rest(of bucket: ReplayWish.Bucket, after key: String) -> ObjectListing? {
        guard !key.isEmpty, let last = last.withLock({ $0 }), last.bucket == bucket,
            !key.utf8.lexicographicallyPrecedes(last.start.utf8)
        else { return nil }
        let entries = last.listing.entries.drop {
            !key.utf8.lexicographicallyPrecedes($0.name.utf8)
        }
        guard !entries.isEmpty else { return nil }
        return ObjectListing(entries: Array(entries), isCut: last.listing.isCut)
    }
}

package import MailModel
import NIOCore
package import Storage
import Synchronization

/// One bucket, `mail`, in memory, which notes what is asked of it and fails where a test says so.
package final class ObjectsInMemory: ObjectSource {
    private struct State {
        var objects: [String: ObjectInMemory] = [:]
        var unreadable: [String: String] = [:]
        var closed: [String: String] = [:]
        var unavailable: String?
        var reads: Reads?
        var withheld: Set<String> = []
        var asked: [String] = []
        var sizes: [String: Int] = [:]
        var limits: [Int] = []
    }

    private struct Reads {
        let start: Int
        let failure: StorageFailure
    }

    /// One that cannot be read from some byte on.
    private struct Failing: StoredObject {
        let object: ObjectInMemory
        let reads: Reads
        var facts: ObjectFacts { object.facts }

        func read(from start: Int, length: Int) throws(StorageFailure) -> ByteBuffer {
            guard start < reads.start else { throw reads.failure }
            return try object.read(from: start, length: length)
        }
    }

    private let state = Mutex(State())

    package init() {}

    package let bucketNames: Set<String> = ["mail"]

    /// `size`: what it claims to have, where that is another: with less, it has grown since.
    package func put(_ key: String, _ text: String, at time: Timestamp, size: Int? = nil) {
        let facts = ObjectFacts(size: size ?? text.utf8.count, modifiedAt: time, tag: "")
        let object = ObjectInMemory(ByteBuffer(string: text), facts)
        state.withLock { $0.objects[key] = object }
    }

    package func remove(_ key: String) { state.withLock { $0.objects[key] = nil } }
    package func spoil(_ key: String, _ reason: String) {
        state.withLock { $0.unreadable[key] = reason }
    }
    /// A folder, with its slash, that nobody may look into.
    package func close(_ folder: String, _ reason: String) {
        state.withLock { $0.closed[folder] = reason }
    }
    /// Nil: it answers again.
    package func goAway(_ reason: String?) { state.withLock { $0.unavailable = reason } }
    /// Whoever reads from `start` on, or behind it, is told so.
    package func failReads(from start: Int, _ failure: StorageFailure) {
        state.withLock { $0.reads = Reads(start: start, failure: failure) }
    }
    /// Of these keys it gives out nothing for now.
    package func withhold(_ keys: String...) { state.withLock { $0.withheld = Set(keys) } }
    /// Keys that were read.
    package var asked: [String] { state.withLock { $0.asked } }
    /// Which size each of them was said to have.
    package var sizes: [String: Int] { state.withLock { $0.sizes } }
    /// How many objects each page was asked for.
    package var limits: [Int] { state.withLock { $0.limits } }

    package func listing(
        _ question: ObjectQuestion, in bucket: String
    ) async throws(ObjectReadFailure) -> ObjectListing {
        if let reason = state.withLock({ $0.unavailable }) { throw .unavailable(reason) }
        let all = state.withLock { state in
            state.limits.append(question.limit)
            return state.objects.map { ObjectListing.Entry.object(key: $0.key, $0.value.facts) }
                + state.closed.map { .closed($0.key, reason: $0.value) }
        }
        let entries = all.sorted { $0.name < $1.name }
            .filter { $0.name.hasPrefix(question.prefix) && $0.name > question.after }
        return ObjectListing(
            entries: Array(entries.prefix(question.limit)), isCut: entries.count > question.limit)
    }

    package func object(
        _ key: ObjectKey, in bucket: String, size: Int
    ) async throws(ObjectReadFailure) -> (any StoredObject)? {
        let (object, unreadable, unavailable) = state.withLock { state in
            state.asked.append(key.text)
            state.sizes[key.text] = size
            return (
                state.objects[key.text], state.unreadable[key.text],
                state.withheld.contains(key.text) ? "not now" : state.unavailable
            )
        }
        if let unavailable { throw .unavailable(unavailable) }
        if let unreadable { throw .unreadable(unreadable) }
        guard let object, let reads = state.withLock({ $0.reads }) else { return object }
        return Failing(object: object, reads: reads)
    }
}

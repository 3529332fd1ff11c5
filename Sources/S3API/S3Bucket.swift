/// A bucket, and which access keys may do what there: by their ids, or by their names, which mean all
/// that are called so.
package struct S3Bucket: Sendable, Equatable {
    /// Get, head and list.
    package var readers: Set<String>
    /// These, put, copy and delete.
    package var writers: Set<String>

    package init(readers: Set<String>, writers: Set<String>) {
        self.readers = readers
        self.writers = writers
    }

    /// All that are named.
    package var named: Set<String> { readers.union(writers) }

    /// Whether nobody may do anything.
    package var isClosed: Bool { readers.isEmpty && writers.isEmpty }

    func mayRead(_ caller: S3Caller) -> Bool { caller.isAmong(named) }
    func mayWrite(_ caller: S3Caller) -> Bool { caller.isAmong(writers) }
}

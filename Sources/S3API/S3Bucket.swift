/// A bucket, and which access keys may do what there, by their ids.
package struct S3Bucket: Sendable, Equatable {
    /// Get, head and list.
    package var readers: Set<String>
    /// These, put, copy and delete.
    package var writers: Set<String>

    package init(readers: Set<String>, writers: Set<String>) {
        self.readers = readers
        self.writers = writers
    }

    /// Whether nobody may do anything.
    package var isClosed: Bool { readers.isEmpty && writers.isEmpty }

    func mayRead(_ key: String) -> Bool { readers.contains(key) || writers.contains(key) }
    func mayWrite(_ key: String) -> Bool { writers.contains(key) }
}

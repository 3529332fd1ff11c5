/// A record that we have put into a zone of ours, or are about to. Its data is as on the wire, which
/// says whether two are the same. RFC 1035 §3.2.1
package struct PublishedRecord: Sendable, Hashable {
    /// In lower case, as A-labels.
    package var name: String
    package var type: Int
    package var data: [UInt8]

    package init(name: String, type: Int, data: [UInt8]) {
        self.name = name
        self.type = type
        self.data = data
    }
}

/// What stands in a zone because of us, so that it can be taken away when nobody knows any more
/// why it was put there.
package protocol PublishedRecordStore: Sendable {
    func publishedRecords() async throws(StorageFailure) -> Set<PublishedRecord>
    /// Before they are put there: what is there and not known would stay.
    func insert(published records: Set<PublishedRecord>) async throws(StorageFailure)
    /// Once they are gone.
    func remove(published records: Set<PublishedRecord>) async throws(StorageFailure)
}

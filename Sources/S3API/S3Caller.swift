import Storage

/// Who asks: an access key that has signed a request.
struct S3Caller {
    let id: String
    /// Nil where it is gone meanwhile.
    let name: String?

    /// Whether one of `words`, ids and names of keys, means it. A name of an id's form means nobody, or
    /// whoever made a key could call it as somebody else's id.
    func isAmong(_ words: Set<String>) -> Bool {
        words.contains(id) || name.map { !AccessKeyRecord.isID($0) && words.contains($0) } ?? false
    }
}

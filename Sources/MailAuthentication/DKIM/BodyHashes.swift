/// Which hash of a body: signatures that name the same share it.
package struct BodyHashKey: Sendable, Hashable {
    package var canonicalization: Canonicalization
    package var hash: SignatureHash
    /// `l=`: so many bytes of the canonical body; nil for all.
    package var limit: Int?

    package init(canonicalization: Canonicalization, hash: SignatureHash, limit: Int? = nil) {
        self.canonicalization = canonicalization
        self.hash = hash
        self.limit = limit
    }
}

/// All hashes of a body that signatures ask for, in one pass over it: each canonicalisation is made
/// once, each hash of it runs once, and what `l=` cuts off is a copy of the hash at that point.
package struct BodyHashes: Sendable {
    private var streams: [BodyStream]

    package init(_ keys: Set<BodyHashKey>) {
        streams = Dictionary(grouping: keys, by: \.canonicalization)
            .map { BodyStream($0.key, keys: $0.value) }
    }

    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        for index in streams.indices { streams[index].append(bytes) }
    }

    /// The end of the body. Every `result` is there now.
    package mutating func finish() {
        for index in streams.indices { streams[index].finish() }
    }

    /// The hash that was asked for, and how many bytes the whole canonical body has; no hash where
    /// the body has fewer bytes than `l=` names.
    package func result(_ key: BodyHashKey) -> (digest: [UInt8]?, length: Int) {
        guard let stream = streams.first(where: { $0.canonicalization == key.canonicalization })
        else { preconditionFailure("a hash that was not asked for") }
        return (stream.digests[key], stream.length)
    }
}

/// One canonicalisation of a body and the hashes over it.
private struct BodyStream: Sendable {
    let canonicalization: Canonicalization
    private(set) var digests: [BodyHashKey: [UInt8]] = [:]
    private(set) var length = 0

    private var canonicalizer: BodyCanonicalizer
    private var states: [(hash: SignatureHash, state: HashState)]
    /// The limits that are ahead, the nearest last.
    private var limits: [Int]
    private let keys: [BodyHashKey]
    private let isWholeWanted: Bool

    init(_ canonicalization: Canonicalization, keys: [BodyHashKey]) {
        self.canonicalization = canonicalization
        self.keys = keys
        canonicalizer = BodyCanonicalizer(canonicalization)
        states = Set(keys.map(\.hash)).map { ($0, HashState($0)) }
        limits = Set(keys.compactMap(\.limit)).sorted(by: >)
        isWholeWanted = keys.contains { $0.limit == nil }
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        var canonicalizer = canonicalizer
        canonicalizer.append(bytes) { take($0) }
        self.canonicalizer = canonicalizer
    }

    mutating func finish() {
        var canonicalizer = canonicalizer
        canonicalizer.finish { take($0) }
        passLimit(at: length)
        keep(limit: nil)
    }

    private mutating func take(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes
        while let limit = limits.last, limit < length + rest.count {
            let cut = limit - length
            update(UnsafeRawBufferPointer(rebasing: rest[..<cut]))
            rest = UnsafeRawBufferPointer(rebasing: rest[cut...])
            passLimit(at: limit)
        }
        update(rest)
    }

    private mutating func update(_ bytes: UnsafeRawBufferPointer) {
        length += bytes.count
        // Behind the last limit nothing is hashed that nobody asked for.
        guard isWholeWanted || !limits.isEmpty else { return }
        for index in states.indices { states[index].state.update(bytes) }
    }

    private mutating func passLimit(at position: Int) {
        guard limits.last == position else { return }
        limits.removeLast()
        keep(limit: position)
    }

    private mutating func keep(limit: Int?) {
        for key in keys where key.limit == limit {
            digests[key] = states.first { $0.hash == key.hash }?.state.digest
        }
    }
}

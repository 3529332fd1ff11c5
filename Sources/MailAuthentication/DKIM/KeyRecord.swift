import MailModel

/// A key record of the DNS. RFC 6376 §3.6.1, RFC 8463 §4
struct KeyRecord: Sendable, Hashable {
    /// `k=`
    var type: String
    /// `h=`: the hashes that may be used; nil allows all.
    var hashes: [String]?
    /// `s=`: what the key is for.
    var services: [String]
    /// `t=`
    var flags: [String]
    /// `p=`, decoded; empty for a key that was revoked.
    var key: [UInt8]

    var isTesting: Bool { flags.contains("y") }
    /// `i=` must be of the very domain of `d=`.
    var wantsExactDomain: Bool { flags.contains("s") }

    /// Reads a record. `v=`, where it is, comes first and is DKIM1; tags that nobody knows are
    /// passed over.
    init(_ text: [UInt8]) throws(KeyRecordDefect) {
        let tags: TagList
        do throws(TagListDefect) {
            tags = try TagList(text[...])
        } catch {
            throw .tagList(error)
        }
        if let version = tags["v"] {
            guard version.equals("DKIM1"), tags.tags.first?.name.equals("v") == true else {
                throw .version
            }
        }
        guard let encoded = tags["p"] else { throw .missingKey }
        guard let key = Base64.decodeStrictly(encoded) else { throw .unusableKey }
        self.key = key
        type = tags["k"]?.shownText ?? "rsa"
        hashes = tags["h"].map(Self.words)
        services = tags["s"].map(Self.words) ?? ["*"]
        flags = tags["t"].map(Self.words) ?? []
    }

    private static func words(_ value: ArraySlice<UInt8>) -> [String] {
        value.colonSeparated().map { String(decoding: $0, as: UTF8.self) }
    }

    /// What keeps this record from being used for a signature by `algorithm`. RFC 6376 §6.1.2
    func check(for algorithm: SigningAlgorithm) throws(KeyRecordDefect) {
        guard services.contains("*") || services.contains("email") else { throw .otherService }
        guard !key.isEmpty else { throw .revoked }
        guard type == algorithm.keyType.rawValue else { throw .otherKeyType(type) }
        if let hashes, !hashes.contains(algorithm.hash.rawValue) { throw .hashNotAllowed }
    }
}

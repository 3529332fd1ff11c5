/// A point in time as whole milliseconds since 1970-01-01T00:00:00Z; how every record and id
/// of ours keeps time.
package struct Timestamp: Hashable, Comparable, Sendable, Codable {
    package var milliseconds: Int64

    package init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.milliseconds < right.milliseconds
    }

    /// This point moved by `seconds`, which may be negative.
    package func advanced(bySeconds seconds: Int64) -> Timestamp {
        Timestamp(milliseconds: milliseconds + seconds * 1000)
    }

    package init(from decoder: any Decoder) throws {
        milliseconds = try decoder.singleValueContainer().decode(Int64.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(milliseconds)
    }
}

/// The port through which time comes in, so that tests own it.
package protocol TimeSource: Sendable {
    func now() -> Timestamp
}

/// The port through which randomness comes in, so that tests own it.
package protocol RandomSource: Sendable {
    /// `count` bytes fit for ids and secrets.
    func bytes(_ count: Int) -> [UInt8]
}

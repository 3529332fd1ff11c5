package import MailModel

/// An IPv4 address, or the 64 bits in which an IPv6 host chooses its address.
package struct Network: Hashable, Sendable {
    private let isIPv6: Bool
    private let bits: UInt64

    package init(of address: IPAddress) {
        isIPv6 = address.isIPv6
        bits = address.bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}

/// How often something comes of each network within a minute. Knows no clock; times are
/// milliseconds of one.
///
/// The minute slides: what came in this minute, and of the one before it the share that is less than
/// a minute ago. Memory is bounded: in a minute in which more than `networksPerMinuteMax` come, the
/// rate of those that came last is not looked at.
package struct NetworkRate: Sendable {
    /// Of each of the two minutes that are remembered; some 3 MB.
    package static let networksPerMinuteMax = 65_536
    private static let minuteMilliseconds: Int64 = 60_000

    private let perMinuteMax: Int
    private var lately: [Network: Int] = [:]
    private var before: [Network: Int] = [:]
    /// The minute that `lately` is about, counted from the clock's zero.
    private var minute: Int64 = 0

    package init(perMinuteMax: Int) {
        self.perMinuteMax = perMinuteMax
    }

    /// Counts one more of `network`; says whether it is beyond the limit.
    package mutating func count(_ network: Network, at now: Int64) -> Bool {
        turn(to: now)
        guard lately[network] != nil || lately.count < Self.networksPerMinuteMax else {
            return false
        }
        lately[network, default: 0] += 1
        return sum(network, at: now) > perMinuteMax
    }

    /// Whether one more of `network` would be beyond the limit.
    package mutating func isFull(_ network: Network, at now: Int64) -> Bool {
        turn(to: now)
        return sum(network, at: now) >= perMinuteMax
    }

    private func sum(_ network: Network, at now: Int64) -> Int {
        let passed = now % Self.minuteMilliseconds
        let share = Int64(before[network] ?? 0) * (Self.minuteMilliseconds - passed)
        let past = (share + Self.minuteMilliseconds - 1) / Self.minuteMilliseconds
        return lately[network, default: 0] + Int(past)
    }

    private mutating func turn(to now: Int64) {
        let current = now / Self.minuteMilliseconds
        guard current != minute else { return }
        before = current == minute + 1 ? lately : [:]
        lately = [:]
        minute = current
    }
}

import MailFlow
package import MailModel
package import SMTPProtocol

/// How many connections there may be, in all and from one network. A network is an IPv4 address,
/// or the 64 bits in which an IPv6 host chooses its address.
package struct ConnectionLimits: Sendable, Equatable {
    /// At once, over all listeners.
    package var connectionsMax = 1_000
    /// At once, of one network.
    package var perAddressMax = 100
    /// New ones of one network within a minute.
    package var perAddressPerMinuteMax = 600
    /// Logins of one network that fail within a minute.
    package var failedLoginsPerMinuteMax = 20

    package init() {}
}

/// Who is connected, and who came lately: whether another connection may be. Knows neither
/// sockets nor clocks; times are milliseconds of the shell's clock.
///
/// A refused connection counts for the rate, so that a peer has to become slower before it gets in
/// again. Memory is bounded: networks with a connection by `connectionsMax`, and those of a minute
/// by `NetworkRate`.
package struct ConnectionLedger {
    private let limits: ConnectionLimits
    package private(set) var count = 0
    private var lingering = 0
    private var open: [Network: Int] = [:]
    private var rate: NetworkRate

    package init(limits: ConnectionLimits) {
        self.limits = limits
        rate = NetworkRate(perMinuteMax: limits.perAddressPerMinuteMax)
    }

    /// Counts a connection if there is room for one more; `leave` when it has ended.
    package mutating func enter() -> Bool {
        guard count < limits.connectionsMax else { return false }
        count += 1
        return true
    }

    package mutating func leave() {
        count -= 1
    }

    /// Counts a refused connection that waits for its reply to arrive, if there are not too many:
    /// an eighth of `connectionsMax`, since each takes a file descriptor and brings nothing;
    /// `lingerEnded` when it is closed.
    package mutating func linger() -> Bool {
        guard lingering < max(1, limits.connectionsMax / 8) else { return false }
        lingering += 1
        return true
    }

    package mutating func lingerEnded() {
        lingering -= 1
    }

    /// Counts a connection of `address`, or answers why there may be none; `leave` it when it has
    /// ended, unless it was refused.
    package mutating func enter(_ address: IPAddress, at now: Int64) -> SMTPReply? {
        let network = Network(of: address)
        guard !rate.count(network, at: now) else {
            return SMTPReplies.tooManyConnectionsAMinute
        }
        guard open[network, default: 0] < limits.perAddressMax else {
            return SMTPReplies.tooManyConnectionsOfAddress
        }
        open[network, default: 0] += 1
        return nil
    }

    package mutating func leave(_ address: IPAddress) {
        let network = Network(of: address)
        guard let count = open[network], count > 1 else {
            open[network] = nil
            return
        }
        open[network] = count - 1
    }
}

package import MailModel
import NIOCore
import Synchronization

/// How many connections each network has at once. A network is an IPv4 address, or the 64 bits in
/// which an IPv6 host chooses its address. This machine itself is not counted: the proxy before us
/// speaks for many.
package final class NetworkSeats: Sendable {
    private let perNetworkMax: Int
    /// By the first eight bytes of an address: four are IPv4's.
    private let taken = Mutex<[[UInt8]: Int]>([:])

    package init(perNetworkMax: Int) {
        self.perNetworkMax = perNetworkMax
    }

    /// Counts a connection of `address` if there is room for it; `leave` when it has ended.
    package func enter(_ address: IPAddress) -> Bool {
        guard !address.isLoopback else { return true }
        return taken.withLock { taken in
            let count = taken[Self.network(address), default: 0]
            guard count < perNetworkMax else { return false }
            taken[Self.network(address)] = count + 1
            return true
        }
    }

    package func leave(_ address: IPAddress) {
        taken.withLock { taken in
            guard let count = taken[Self.network(address)] else { return }
            taken[Self.network(address)] = count > 1 ? count - 1 : nil
        }
    }

    /// Counts `channel` until it closes. A peer whose address cannot be read has no seat.
    func enter(_ channel: any Channel) -> Bool {
        guard let address = channel.remoteAddress?.ipAddress.flatMap({ IPAddress($0) }),
            enter(address)
        else { return false }
        channel.closeFuture.whenComplete { _ in self.leave(address) }
        return true
    }

    private static func network(_ address: IPAddress) -> [UInt8] { Array(address.bytes.prefix(8)) }
}

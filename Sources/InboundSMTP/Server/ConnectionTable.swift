package import MailFlow
import MailModel
import NIOCore
import SMTPProtocol
import Synchronization

/// The connections of all listeners, against their limits. Peers of this machine, and those that
/// an `Allow` filter names, are held to the limit of all alone.
package final class ConnectionTable: Sendable {
    private let ledger: Mutex<ConnectionLedger>
    private let filters: AddressFilters

    package init(limits: ConnectionLimits, filters: AddressFilters) {
        ledger = Mutex(ConnectionLedger(limits: limits))
        self.filters = filters
    }

    package var count: Int { ledger.withLock { $0.count } }

    /// Counts `channel` until it closes; says whether there was room.
    func enter(_ channel: any Channel) -> Bool {
        guard ledger.withLock({ $0.enter() }) else { return false }
        channel.closeFuture.whenComplete { _ in self.ledger.withLock { $0.leave() } }
        return true
    }

    /// Counts `channel` as one of `address` until it closes, or answers why it may not be.
    func enter(_ channel: any Channel, of address: IPAddress) -> SMTPReply? {
        guard !address.isLoopback, !filters.allows(address) else { return nil }
        let now = Int64(NIODeadline.now().uptimeNanoseconds / 1_000_000)
        if let reply = ledger.withLock({ $0.enter(address, at: now) }) { return reply }
        channel.closeFuture.whenComplete { _ in self.ledger.withLock { $0.leave(address) } }
        return nil
    }

    /// Counts a refused `channel` until it closes, if it may wait for its reply to arrive.
    func linger(_ channel: any Channel) -> Bool {
        guard ledger.withLock({ $0.linger() }) else { return false }
        channel.closeFuture.whenComplete { _ in self.ledger.withLock { $0.lingerEnded() } }
        return true
    }
}

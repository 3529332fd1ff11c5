package import DNS
package import MailModel
package import Storage
import Synchronization

/// The names of peers, looked up when they connect and known when they are: nobody waits for them,
/// and nothing is decided by them.
///
/// A name that the address has in the DNS is `verified` where it leads back to the address, since
/// whoever owns an address may write any name there. RFC 8601 §3
package final class PeerNames: Sendable {
    /// Look-ups at once; a peer beyond them has no known name.
    package static let lookUpsMax = 100
    /// Names are kept for this long at least, and twice as long at most.
    package static let keptSeconds: Int64 = 1_800
    /// Names are kept of twice as many peers at most.
    package static let keptMax = 5_000
    /// Names of one address that are asked for their addresses.
    package static let namesMax = 3
    /// After this no further question is asked for a peer.
    package static let seconds: Int64 = 5

    private struct State {
        var names: [IPAddress: PeerName] = [:]
        /// Those that were kept before; thrown away whole.
        var olderNames: [IPAddress: PeerName] = [:]
        var begunAt: Timestamp
        var running: Set<IPAddress> = []
    }

    private let resolver: any DNSResolver
    private let time: any TimeSource
    private let state: Mutex<State>

    package init(resolver: any DNSResolver, time: any TimeSource) {
        self.resolver = resolver
        self.time = time
        state = Mutex(State(begunAt: time.now()))
    }

    /// Look-ups that are under way.
    package var runningCount: Int { state.withLock { $0.running.count } }

    /// What is known now.
    package func name(of peerAddress: String) -> PeerName {
        guard let address = IPAddress(peerAddress) else { return .unknown }
        return state.withLock { $0.names[address] ?? $0.olderNames[address] ?? .unknown }
    }

    /// Begins to look for the names of `address`, where they are not known; returns at once.
    /// Addresses that mean nothing to the world are not asked for.
    package func lookUp(_ address: IPAddress) {
        guard !address.isLocal, begin(address) else { return }
        Task {
            let name = await find(address)
            state.withLock { state in
                state.running.remove(address)
                if name != .unknown { state.names[address] = name }
            }
        }
    }

    private func begin(_ address: IPAddress) -> Bool {
        let now = time.now()
        return state.withLock { state in
            if now > state.begunAt.advanced(bySeconds: Self.keptSeconds)
                || state.names.count >= Self.keptMax
            {
                state.olderNames = state.names
                state.names = [:]
                state.begunAt = now
            }
            guard state.names[address] == nil, state.olderNames[address] == nil,
                state.running.count < Self.lookUpsMax
            else { return false }
            return state.running.insert(address).inserted
        }
    }

    // MARK: One peer

    /// Asks the DNS; `unknown` where it fails, or takes too long.
    package func find(_ address: IPAddress) async -> PeerName {
        do throws(DNSFailure) {
            let name = try await resolver.confirmedName(
                of: address, namesMax: Self.namesMax, seconds: Self.seconds, time: time)
            return switch name {
            case .absent: .absent
            case .unconfirmed(let name): .unconfirmed(name)
            case .confirmed(let name): .verified(name)
            }
        } catch {
            return .unknown
        }
    }
}

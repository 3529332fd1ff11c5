import DeliveryQueue
import MailModel

/// A host as connections are made to it.
struct Place {
    /// A name, or an address literal.
    var host: String
    var port: Int
    var transport = Relay.Transport.smtp
    var login: Relay.Login?
}

/// Which of this machine's addresses connections leave from, and who makes them.
struct Door {
    let connector: Connector
    private let pool: [IPAddress]
    private let random: any RandomSource

    init(_ pool: [IPAddress], connector: Connector, random: any RandomSource) {
        self.pool = pool
        self.connector = connector
        self.random = random
    }

    /// Any of the pool that can reach `remote`; nil where the system chooses.
    enum Choice {
        case any
        case bound(IPAddress)
        case none
    }

    func choice(for remote: IPAddress) -> Choice {
        guard !pool.isEmpty else { return .any }
        let fitting = pool.filter { $0.isIPv6 == remote.isIPv6 }
        guard fitting.count > 1 else { return fitting.first.map(Choice.bound) ?? .none }
        var generator = PortGenerator(random)
        return fitting.randomElement(using: &generator).map(Choice.bound) ?? .none
    }
}

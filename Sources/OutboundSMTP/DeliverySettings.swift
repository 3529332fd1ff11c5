package import MailModel
package import NIOSSL

/// What the operator sets of how mail leaves.
package struct DeliverySettings: Sendable {
    /// What a connection may cost.
    package struct Limits: Sendable {
        /// RFC 5321 §4.5.3.2 names no time for it.
        package var connectSeconds: Int64 = 30
        /// Hosts of one destination that are tried, the best first. RFC 5321 §5.1 asks for two.
        package var hostsMax = 5
        /// Addresses of them all that are tried.
        package var addressesMax = 8
        /// Sessions that are begun: hosts that hang cost the time limits of each.
        package var sessionsMax = 2
        /// Questions to the DNS at once; further ones wait.
        package var questionsMax = 100
        /// Connections that wait for their next mail.
        package var idleConnectionsMax = 200
        /// How long each of them waits.
        package var idleSeconds: Int64 = 15
        /// Mails on one connection.
        package var connectionMailsMax = 100
        package var session = SessionTimeLimits()

        package init() {}
    }

    /// An address of this machine that connections leave from.
    package struct SendingAddress: Sendable, Hashable {
        package var address: IPAddress
        /// The argument of EHLO from there; nil: `DeliverySettings.hello`.
        package var hello: String?

        package init(_ address: IPAddress, hello: String? = nil) {
            self.address = address
            self.hello = hello
        }
    }

    /// This server as a mail exchanger: mail is not handed to itself, nor to those that hand it back.
    package struct Ourselves: Sendable {
        package var names: Set<Domain> = []
        package var addresses: Set<IPAddress> = []
        /// Whether mail for a domain ends here: then it may be handed to us.
        package var receives: @Sendable (Domain) -> Bool = { _ in false }

        package init() {}
    }

    /// The argument of EHLO: the name that the sending addresses have in the DNS.
    package var hello: String
    /// Of exchangers and address literals; a relay has its own.
    package var port = 25
    /// Where connections leave from, by the name of the pool; the one without a name is `""`. None:
    /// the system chooses. A pool without IPv6 addresses sends over IPv4 alone, and the other way
    /// round.
    package var pools: [String: [SendingAddress]] = [:]
    /// Whether an exchanger or an address literal may have an address that is not of the open
    /// internet. A relay always may.
    package var allowsPrivateAddresses = false
    /// Who vouches for a certificate.
    package var trustRoots = NIOSSLTrustRoots.default
    package var ourselves = Ourselves()
    package var limits = Limits()

    package init(hello: String) {
        self.hello = hello
    }
}

package import MailModel

/// How the DNS is asked.
package struct UnboundSettings: Sendable, Equatable {
    package struct Server: Sendable, Equatable {
        package var address: IPAddress
        package var port: Int

        package init(address: IPAddress, port: Int) {
            self.address = address
            self.port = port
        }
    }

    /// A zone that is answered from a file, and from nowhere else.
    package struct Zone: Sendable, Equatable {
        package var name: Domain
        /// Absolute path, without control characters and quotes: a master file, RFC 1035 §5.
        package var file: String

        package init(name: Domain, file: String) {
            self.name = name
            self.file = file
        }
    }

    /// Read once. What is wrong with one makes its names fail to resolve.
    package var zones: [Zone] = []
    /// Resolvers, or servers that answer for all that is asked; none: those of the system
    /// (`/etc/resolv.conf`), read once.
    package var servers: [Server] = []
    /// A file with DS or DNSKEY records in zone-file form; nil: no answer is ever proven.
    package var trustAnchor: String?
    package var timeoutMilliseconds = 10_000
    /// Questions that wait for their answers at once; others wait for a place among them.
    package var queriesMax = 256

    package init() {}
}

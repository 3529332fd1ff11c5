import MailModel
package import Screening

/// Where a scanner is, and how much is asked of it.
package struct ScannerSettings: Sendable, Equatable {
    /// Where it listens. The operator says so: nothing of a mail leads anywhere else.
    package enum Address: Sendable, Hashable {
        case tcp(host: String, port: Int)
        case unix(path: String)
    }

    package var address: Address
    /// For one mail, waiting for its turn included.
    package var timeoutSeconds: Int64
    /// Mails that it looks into at once; others wait for their turn.
    package var connectionsMax: Int

    package init(address: Address, timeoutSeconds: Int64, connectionsMax: Int) {
        self.address = address
        self.timeoutSeconds = timeoutSeconds
        self.connectionsMax = connectionsMax
    }

    /// Returns after so many seconds; throws where its task is cancelled.
    package typealias Rest = DNSLists.Rest
}

extension ScannerSettings.Address: CustomStringConvertible {
    /// Of a Unix socket's path. unix(7): 108, with a NUL at its end.
    package static let pathBytesMax = 107

    /// `127.0.0.1:11333`, `[::1]:11333`, `rspamd.internal:11333`, or the absolute path of a Unix
    /// socket; nil for anything else.
    package init?(_ text: String) {
        guard !text.hasPrefix("/") else {
            guard text.utf8.count <= Self.pathBytesMax, !text.utf8.contains(0) else { return nil }
            self = .unix(path: text)
            return
        }
        guard let colon = text.lastIndex(of: ":"),
            let port = Self.port(text[text.index(after: colon)...]),
            let host = Self.host(text[..<colon])
        else { return nil }
        self = .tcp(host: host, port: port)
    }

    private static func port(_ text: Substring) -> Int? {
        guard (1...5).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39) ~= $0 }),
            let port = Int(text), (1...65_535).contains(port)
        else { return nil }
        return port
    }

    /// An IPv6 address stands in brackets, as in a URL.
    private static func host(_ text: Substring) -> String? {
        if text.hasPrefix("["), text.hasSuffix("]") {
            let address = IPAddress(String(text.dropFirst().dropLast()))
            return address?.isIPv6 == true ? address?.description : nil
        }
        if let address = IPAddress(String(text)) {
            return address.isIPv6 ? nil : address.description
        }
        return try? Domain(parsing: String(text)).ascii
    }

    package var description: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): path
        }
    }
}

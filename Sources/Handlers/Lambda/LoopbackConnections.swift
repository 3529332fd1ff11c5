import Glibc

/// The kernel's table of connections over IPv4 (proc(5), /proc/net/tcp).
enum LoopbackConnections {
    private static let chunkBytes = 65_536

    /// Whose the socket 127.0.0.1:`port` is that is connected to 127.0.0.1:`other`; nil where
    /// nobody knows.
    static func owner(ofPort port: UInt16, connectedTo other: UInt16) -> uid_t? {
        let file = Pipe.End(open("/proc/net/tcp", O_RDONLY | O_CLOEXEC))
        guard file.isOpen else { return nil }
        var table: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: chunkBytes)
        while true {
            let count = read(file.number, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            table += chunk[..<count]
        }
        return owner(ofPort: port, connectedTo: other, in: table)
    }

    /// Of a line: `sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid …`.
    static func owner(
        ofPort port: UInt16, connectedTo other: UInt16, in table: [UInt8]
    ) -> uid_t? {
        let (local, remote) = (address(port), address(other))
        for line in table.split(separator: 0x0A) {
            let words = line.split(separator: 0x20, maxSplits: 8)
            guard words.count > 8, words[1].elementsEqual(local), words[2].elementsEqual(remote)
            else { continue }
            return uid_t(String(decoding: words[7], as: UTF8.self))
        }
        return nil
    }

    /// As the kernel prints it: the address as a number of this machine, the port as a number.
    private static func address(_ port: UInt16) -> [UInt8] {
        let loopback = in_addr_t(0x7F00_0001).bigEndian
        return hexadecimal(UInt64(loopback), digits: 8) + [0x3A]
            + hexadecimal(UInt64(port), digits: 4)
    }

    private static func hexadecimal(_ number: UInt64, digits: Int) -> [UInt8] {
        let text = String(number, radix: 16, uppercase: true)
        return Array(String(repeating: "0", count: digits - text.count).utf8) + Array(text.utf8)
    }
}

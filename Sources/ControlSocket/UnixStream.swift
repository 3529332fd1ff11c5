import Foundation
import Glibc

/// A connection to a Unix socket of this machine. Blocks.
final class UnixStream {
    /// A call that failed.
    struct Failure: Error {
        let call: String
        let code: Int32

        var reason: String { String(cString: strerror(code)) }
    }

    private let descriptor: Int32
    private var waiting = Data()

    init(path: String) throws(Failure) {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(call: "socket", code: errno) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
            close(descriptor)
            throw Failure(call: "connect", code: ENAMETOOLONG)
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0 else {
            let code = errno
            close(descriptor)
            throw Failure(call: "connect", code: code)
        }
    }

    deinit { close(descriptor) }

    /// All of it. A peer that has gone is an error, and no signal.
    func send(_ data: some DataProtocol) throws(Failure) {
        for region in data.regions {
            var start = 0
            while start < region.count {
                let count = region.withUnsafeBytes { bytes in
                    let rest = bytes[start...]
                    return Glibc.send(
                        descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count,
                        Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { throw Failure(call: "write", code: errno) }
                start += count
            }
        }
    }

    /// The next line without its end; nil at the deadline. The end of the stream is a `Failure`
    /// with code 0.
    func line(until deadline: Date?) throws(Failure) -> Data? {
        var seen = 0
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            if let end = waiting.dropFirst(seen).firstIndex(of: UInt8(ascii: "\n")) {
                defer { waiting = Data(waiting[(end + 1)...]) }
                return waiting[..<end]
            }
            seen = waiting.count
            guard isReadable(deadline) else { return nil }
            let count = read(descriptor, &chunk, chunk.count)
            guard count > 0 else { throw Failure(call: "read", code: count < 0 ? errno : 0) }
            waiting.append(contentsOf: chunk[..<count])
        }
    }

    private func isReadable(_ deadline: Date?) -> Bool {
        guard let deadline else { return true }
        var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while true {
            let left = deadline.timeIntervalSinceNow
            guard left > 0 else { return false }
            if poll(&wanted, 1, Int32(min(left * 1_000 + 1, 60_000))) > 0 { return true }
        }
    }
}

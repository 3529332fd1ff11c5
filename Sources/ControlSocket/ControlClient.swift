package import ControlPlane
package import Foundation
import Glibc

/// The other end of the control socket: one question, one answer. Blocks.
package struct ControlClient {
    /// Why there is no answer; says what to do next.
    package struct Failure: Error, Sendable, CustomStringConvertible {
        package let description: String
    }

    private let path: String

    package init(path: String) {
        self.path = path
    }

    /// Asks and answers the last answer. `onPart` is told each part before it, and says whether to
    /// go on; where it does not, and at `deadline`, the answer is nil: whoever asked has seen enough.
    package func ask(
        _ request: ControlRequest, until deadline: Date? = nil,
        onPart: (ControlAnswer) throws -> Bool = { _ in true }
    ) throws -> ControlAnswer? {
        let descriptor = try connect()
        defer { close(descriptor) }
        var line = try JSONEncoder().encode(request)
        line.append(UInt8(ascii: "\n"))
        try send(line, descriptor)
        var waiting = Data()
        while let line = try receive(descriptor, &waiting, deadline) {
            guard let answer = try? JSONDecoder().decode(ControlAnswer.self, from: line) else {
                throw Failure(
                    description: "the server's answer is none of this version; is this the "
                        + "martlet that serves?")
            }
            guard answer.isPart else { return answer }
            guard try onPart(answer) else { return nil }
        }
        return nil
    }

    private func connect() throws -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw failure("socket") }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        guard path.utf8.count < capacity else {
            close(descriptor)
            throw Failure(description: "the socket's path is too long: \(path)")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0 else {
            let failure = failure("connect")
            close(descriptor)
            throw failure
        }
        return descriptor
    }

    private func failure(_ call: String) -> Failure {
        let code = errno
        let reason = String(cString: strerror(code))
        switch code {
        case ENOENT, ECONNREFUSED:
            return Failure(
                description: "no server of this configuration is running "
                    + "(\(path): \(reason)); martlet serve starts one")
        case EACCES, EPERM:
            return Failure(
                description: "\(path): \(reason); run this as root or as the server's user")
        default: return Failure(description: "\(call) \(path): \(reason)")
        }
    }

    private func send(_ data: Data, _ descriptor: Int32) throws {
        var rest = data[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw failure("write") }
            rest = rest.dropFirst(count)
        }
    }

    /// The next line; nil at the deadline.
    private func receive(
        _ descriptor: Int32, _ waiting: inout Data, _ deadline: Date?
    ) throws -> Data? {
        var seen = 0
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            if let end = waiting.dropFirst(seen).firstIndex(of: UInt8(ascii: "\n")) {
                defer { waiting = Data(waiting[(end + 1)...]) }
                return waiting[..<end]
            }
            seen = waiting.count
            guard isReadable(descriptor, deadline) else { return nil }
            let count = read(descriptor, &chunk, chunk.count)
            guard count > 0 else {
                throw Failure(description: "the server went away before it answered")
            }
            waiting.append(contentsOf: chunk[..<count])
        }
    }

    private func isReadable(_ descriptor: Int32, _ deadline: Date?) -> Bool {
        guard let deadline else { return true }
        var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while true {
            let left = deadline.timeIntervalSinceNow
            guard left > 0 else { return false }
            if poll(&wanted, 1, Int32(min(left * 1_000 + 1, 60_000))) > 0 { return true }
        }
    }
}

import Foundation
import Glibc
import Synchronization

/// A UDP port on loopback that answers each question with bytes that a test makes of it.
final class OddServer: Sendable {
    let port: Int
    private let descriptor: Int32
    private let isOver = Atomic(false)

    /// `answer` is given a whole question and says what to send, or nothing.
    init(_ answer: @escaping @Sendable ([UInt8]) -> [UInt8]?) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        // A wait that has an end, so that the thread sees the server's.
        var wait = timeval(tv_sec: 0, tv_usec: 50_000)
        setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                let status = bind(descriptor, $0, length)
                return status == 0 ? getsockname(descriptor, $0, &length) : status
            }
        }
        self.descriptor = descriptor
        port = Int(UInt16(bigEndian: address.sin_port))
        guard status == 0 else { throw SilentServer.NoPort() }
        Thread { [weak self] in
            while let server = self, !server.isOver.load(ordering: .acquiring) {
                server.answerOne(answer)
            }
        }.start()
    }

    private func answerOne(_ answer: ([UInt8]) -> [UInt8]?) {
        var peer = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        var question = [UInt8](repeating: 0, count: 4_096)
        withUnsafeMutablePointer(to: &peer) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { peer in
                let count = recvfrom(descriptor, &question, question.count, 0, peer, &length)
                guard count > 12, let bytes = answer(Array(question[..<count])) else { return }
                _ = sendto(descriptor, bytes, bytes.count, 0, peer, length)
            }
        }
    }

    deinit {
        isOver.store(true, ordering: .releasing)
        close(descriptor)
    }
}

/// Answers of the DNS, made of a question as it came. RFC 1035 §4.1
enum OddAnswer {
    /// `records`: what stands behind the question, as it is, and how many they are said to be.
    static func message(
        to question: [UInt8], flags: UInt16 = 0x8580, count: Int, _ records: [UInt8]
    ) -> [UInt8] {
        let end = endOfQuestion(question)
        return question[..<2] + [UInt8(flags >> 8), UInt8(flags & 255), 0, 1]
            + [UInt8(count >> 8), UInt8(count & 255), 0, 0, 0, 0] + question[12..<end] + records
    }

    /// A record of the question's name and type, whose data may be said to be longer.
    static func record(
        to question: [UInt8], _ data: [UInt8], length: Int? = nil, name: [UInt8] = [0xC0, 12]
    ) -> [UInt8] {
        let end = endOfQuestion(question)
        let length = length ?? data.count
        return name + question[(end - 4)..<end] + [0, 0, 0, 60]
            + [UInt8(length >> 8), UInt8(length & 255)] + data
    }

    private static func endOfQuestion(_ question: [UInt8]) -> Int {
        var position = 12
        while position < question.count, question[position] > 0 {
            position += Int(question[position]) + 1
        }
        return min(position + 5, question.count)
    }
}

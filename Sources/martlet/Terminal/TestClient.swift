import Foundation
import Glibc

/// The few steps of an SMTP client that `send-test` needs; blocks.
struct TestClient {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private let descriptor: Int32
    private let isQuiet: Bool
    private var waiting: [UInt8] = []

    init(address: String, port: Int, isQuiet: Bool) throws {
        self.isQuiet = isQuiet
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(address, "\(port)", &hints, &list) == 0, let entry = list else {
            throw Failure(description: "“\(address)” is no IP address")
        }
        defer { freeaddrinfo(list) }
        descriptor = socket(
            entry.pointee.ai_family, entry.pointee.ai_socktype, entry.pointee.ai_protocol)
        guard connect(descriptor, entry.pointee.ai_addr, entry.pointee.ai_addrlen) == 0 else {
            let reason = String(cString: strerror(errno))
            close(descriptor)
            throw Failure(description: "\(address):\(port): \(reason); is the server running?")
        }
    }

    /// Hands over `mail`; answers the server's last word. Throws at the first refusal.
    mutating func send(_ mail: [UInt8], from: String, to recipients: [String]) throws -> String {
        defer { close(descriptor) }
        _ = try answer(wanted: 220)
        try say("EHLO localhost")
        _ = try answer(wanted: 250)
        try say("MAIL FROM:<\(from)>")
        _ = try answer(wanted: 250)
        for recipient in recipients {
            try say("RCPT TO:<\(recipient)>")
            _ = try answer(wanted: 250)
        }
        try say("DATA")
        _ = try answer(wanted: 354)
        try write(Self.stuffed(mail))
        let last = try answer(wanted: 250)
        try say("QUIT")
        return last
    }

    /// CRLF line ends, dots stuffed, the end behind it.
    private static func stuffed(_ mail: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        var lines = mail.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        for line in lines {
            if line.first == UInt8(ascii: ".") { output.append(UInt8(ascii: ".")) }
            output += line.last == UInt8(ascii: "\r") ? line.dropLast() : line
            output += Array("\r\n".utf8)
        }
        return output + Array(".\r\n".utf8)
    }

    private func say(_ line: String) throws {
        if !isQuiet { Terminal.write("-> \(line)\n") }
        try write(Array((line + "\r\n").utf8))
    }

    private func write(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw Failure(description: "the server closed the connection") }
            rest = rest.dropFirst(count)
        }
    }

    private mutating func answer(wanted: Int) throws -> String {
        while true {
            let line = try readLine()
            if !isQuiet { Terminal.write("<- \(Terminal.printable(line))\n") }
            guard line.dropFirst(3).first != "-" else { continue }
            guard line.hasPrefix("\(wanted)") else {
                throw Failure(description: "refused: \(Terminal.printable(line))")
            }
            return line
        }
    }

    private mutating func readLine() throws -> String {
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            if let end = waiting.firstIndex(of: UInt8(ascii: "\n")) {
                let line = waiting[..<end].filter { $0 != UInt8(ascii: "\r") }
                waiting.removeFirst(end + 1)
                return String(decoding: line, as: UTF8.self)
            }
            let count = read(descriptor, &chunk, chunk.count)
            guard count > 0 else { throw Failure(description: "the server closed the connection") }
            waiting += chunk[..<count]
        }
    }
}

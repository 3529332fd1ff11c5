import Foundation
import Glibc
import MailFlow
package import MailModel
import NIOPosix
import ServiceLifecycle
import Topics

/// The machine's clock.
package struct SystemTime: TimeSource {
    package init() {}

    package func now() -> Timestamp {
        Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
    }
}

/// The kernel's count since this was made (CLOCK_BOOTTIME): a sleep of the machine counts.
struct SystemUptime: Uptime {
    private let start = ContinuousClock.now

    func milliseconds() -> Int64 {
        let passed = start.duration(to: .now).components
        return passed.seconds * 1_000 + passed.attoseconds / 1_000_000_000_000_000
    }
}

/// The kernel's randomness.
struct SystemRandom: RandomSource {
    func bytes(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            // One call for all; glibc's own, which has no error to handle.
            if let base = buffer.baseAddress { arc4random_buf(base, count) }
            initialized = count
        }
    }
}

/// NIO's pool behind the port for blocking file work.
struct PoolThreads: BlockingThreads {
    let pool: NIOThreadPool

    func submit(_ work: @escaping @Sendable () -> Void) {
        pool.submit { _ in work() }
    }
}

/// Waiting that graceful shutdown cuts short.
struct SystemPause: Pause {
    /// Has the timer's descriptors opened. Dispatch opens them at the first sleep of the process,
    /// and ends the process where there are none left (S18).
    static func open() async {
        try? await Task.sleep(for: .nanoseconds(1))
    }

    func forMilliseconds(_ milliseconds: Int64) async {
        try? await cancelWhenGracefulShutdown {
            try await Task.sleep(for: .milliseconds(milliseconds))
        }
    }
}

/// Messages to files and to the web.
struct Posters: MessagePoster {
    let files: any MessagePoster
    let web: any MessagePoster
    let handlers: any MessagePoster
    /// Nil where nothing is sent.
    let mail: (any MessagePoster)?

    func post(
        _ messages: [SNSMessage], to endpoint: Subscriber.Endpoint
    ) async -> [Result<Void, PostFailure>] {
        switch endpoint {
        case .file: await files.post(messages, to: endpoint)
        case .web: await web.post(messages, to: endpoint)
        case .handler: await handlers.post(messages, to: endpoint)
        case .mail:
            await mail?.post(messages, to: endpoint)
                ?? messages.map { _ in
                    .failure(PostFailure(.unreachable, "nothing is sent (sending.topicsFrom)"))
                }
        }
    }
}

/// The machine's own way from a name to addresses: its hosts file, then the name servers of its
/// resolv.conf.
enum SystemResolver {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Every address of `name` that a stream can go to. Throws `Failure`.
    static func addresses(of name: String) async throws -> [IPAddress] {
        try await WorkThreads.names.pool.runIfActive { try ask(name) }
    }

    private static func ask(_ name: String) throws(Failure) -> [IPAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_ADDRCONFIG
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(name, nil, &hints, &list)
        guard status == 0 else {
            throw Failure(description: "\(name): \(String(cString: gai_strerror(status)))")
        }
        defer { freeaddrinfo(list) }
        var found: [IPAddress] = []
        var next = list
        while let entry = next {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            if getnameinfo(
                entry.pointee.ai_addr, entry.pointee.ai_addrlen, &text, socklen_t(text.count), nil,
                0, NI_NUMERICHOST) == 0
            {
                let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
                // One with a zone is nobody's but a neighbour's, and is no `IPAddress`.
                if let address = IPAddress(String(decoding: bytes, as: UTF8.self)) {
                    found.append(address)
                }
            }
            next = entry.pointee.ai_next
        }
        return found
    }
}

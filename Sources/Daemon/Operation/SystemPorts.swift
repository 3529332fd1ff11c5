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

    func post(
        _ messages: [SNSMessage], to endpoint: Subscriber.Endpoint
    ) async -> [Result<Void, PostFailure>] {
        switch endpoint {
        case .file: await files.post(messages, to: endpoint)
        case .web: await web.post(messages, to: endpoint)
        }
    }
}

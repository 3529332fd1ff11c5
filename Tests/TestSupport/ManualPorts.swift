package import MailModel
import Synchronization

/// A clock that stands until a test moves it.
package final class ManualTime: TimeSource {
    private let current: Mutex<Timestamp>

    package init(_ start: Timestamp = Timestamp(milliseconds: 1_790_000_000_000)) {
        current = Mutex(start)
    }

    package func now() -> Timestamp { current.withLock { $0 } }

    package func advance(seconds: Int64) {
        current.withLock { $0 = $0.advanced(bySeconds: seconds) }
    }
}

/// Bytes that count up: different on every call, the same on every run.
package final class CountingRandom: RandomSource {
    private let next = Mutex<UInt8>(0)

    package init() {}

    package func bytes(_ count: Int) -> [UInt8] {
        next.withLock { next in
            next &+= 1
            return (0..<count).map { UInt8(truncatingIfNeeded: $0) &+ next }
        }
    }
}

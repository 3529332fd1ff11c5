import NIOCore
import Synchronization

/// When a connection is closed, however busy it is: the last word counts.
final class ConnectionDeadline: Sendable {
    private let channel: any Channel
    private let end = Mutex<Scheduled<Void>?>(nil)

    init(_ channel: any Channel) {
        self.channel = channel
        channel.closeFuture.whenComplete { _ in self.replace(with: nil) }
    }

    /// From now on.
    func set(seconds: Int64) {
        let channel = channel
        replace(
            with: channel.eventLoop.scheduleTask(in: .seconds(seconds)) {
                channel.close(promise: nil)
            })
    }

    private func replace(with next: Scheduled<Void>?) {
        let last = end.withLock { end in
            defer { end = next }
            return end
        }
        last?.cancel()
    }
}

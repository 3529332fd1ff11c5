import Glibc
import NIOCore
package import NIOPosix
package import Storage
import Synchronization
package import Topics

/// Topic subscribers that are files: one message a line, appended and synced.
package final class JSONLinesFiles: MessagePoster {
    /// Files whose entries are known to last.
    private let known = Mutex<Set<String>>([])
    private let threads: NIOThreadPool
    private let onSyncFailure: @Sendable (StorageFailure) -> Void

    /// Writes on `threads`; `onSyncFailure` is called when a sync failed: the process ends.
    package init(
        threads: NIOThreadPool, onSyncFailure: @escaping @Sendable (StorageFailure) -> Void
    ) {
        self.threads = threads
        self.onSyncFailure = onSyncFailure
    }

    /// A message whose line was written before a crash, and not noted, stands there twice; its
    /// `MessageId` says so. A half line that a crash left is ended before the next.
    package func post(
        _ messages: [SNSMessage], to endpoint: Subscriber.Endpoint
    ) async -> [Result<Void, PostFailure>] {
        guard case .file(let path) = endpoint else {
            return messages.map { _ in .failure(PostFailure(.refused, "not a file")) }
        }
        do {
            try await threads.runIfActive { try self.append(messages, to: path) }
            return messages.map { _ in .success(()) }
        } catch {
            // The next start tries again what stays in the outbox.
            if let failure = error as? StorageFailure, failure.isSyncFailure {
                onSyncFailure(failure)
            }
            // Its folder may be gone: the next try makes it anew.
            known.withLock { _ = $0.remove(path) }
            return messages.map { _ in .failure(PostFailure(.unreachable, "\(error)")) }
        }
    }

    private func append(_ messages: [SNSMessage], to path: String) throws(StorageFailure) {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let isKnown = known.withLock { $0.contains(path) }
        if !isKnown { try Directories.create(folder, mode: 0o750) }
        let file = try FileDescriptor(path, O_RDWR | O_CREAT | O_APPEND, mode: 0o640)
        guard file.isRegular else { throw .refused("\(path) is no regular file") }
        var lines = ByteBuffer()
        if let size = file.size, size > 0,
            try file.read(at: size - 1, length: 1) != ByteBuffer(string: "\n")
        {
            lines.writeString("\n")
        }
        for message in messages {
            lines.writeBytes(message.body)
            lines.writeString("\n")
        }
        try file.write(lines)
        try file.syncData()
        // Who made it may have been killed before its entry was sure to last; an empty one may
        // have been rotated a moment ago.
        if !isKnown || file.size == lines.readableBytes {
            try FileDescriptor(folder, O_RDONLY | O_DIRECTORY).sync()
            known.withLock { _ = $0.insert(path) }
        }
    }
}

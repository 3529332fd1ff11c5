import Glibc

/// Why a store could not do what it was asked: a failure, never a verdict; 451 at the SMTP edge.
package enum StorageFailure: Error, Sendable, CustomStringConvertible {
    /// The disk has less room than the configured reserve, or the engine said it is full.
    case full(String)
    /// A write or commit was refused; nothing of it stands.
    case refused(String)
    /// A sync failed: what the kernel still holds may be lost, and a second try would lie. The
    /// process takes no more mail and ends; the next start checks what is there.
    case syncFailed(String)
    /// A file of the store was moved or replaced under us: what is written from now on is lost with
    /// the old one. The process ends as after a failed sync.
    case replaced(String)
    /// Stored bytes do not match their digest, or cannot be read.
    case damaged(String)
    case notFound(String)
    /// One thing among others is not for our user: it is so until somebody changes that.
    case forbidden(String)

    /// Whether the process has to end.
    package var isSyncFailure: Bool {
        switch self {
        case .syncFailed, .replaced: true
        case .full, .refused, .damaged, .notFound, .forbidden: false
        }
    }

    /// Whether the same write may succeed later.
    package var mayPass: Bool {
        switch self {
        case .full, .refused: true
        case .syncFailed, .replaced, .damaged, .notFound, .forbidden: false
        }
    }

    /// Whether a system call that was refused with `code` found no room: on the disk, or in the
    /// quota of our user. The one place that decides it.
    package static func isFull(_ code: Int32) -> Bool { code == ENOSPC || code == EDQUOT }

    package var description: String {
        switch self {
        case .full(let detail): "storage is full: \(detail)"
        case .refused(let detail): "storage refused the write: \(detail)"
        case .syncFailed(let detail): "a sync failed: \(detail)"
        case .replaced(let detail): "the spool was changed under the server: \(detail)"
        case .damaged(let detail): "stored data is damaged: \(detail)"
        case .notFound(let detail): "not found: \(detail)"
        case .forbidden(let detail): "not allowed: \(detail)"
        }
    }
}

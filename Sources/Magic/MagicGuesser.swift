import CMagic
import MailModel
import Synchronization

/// `ContentTypeGuesser` by libmagic and the system's database of signatures. A handle of the library
/// is for one thread at a time, so each is lent to one question; they are few, and kept.
package final class MagicGuesser: ContentTypeGuesser {
    /// Handles that wait, as the bits of their pointers.
    private let idle: Mutex<[Int]>
    private static let idleMax = 4

    /// The library's database could not be loaded.
    package struct Unavailable: Error {
        package let reason: String
    }

    /// Loads the database once, so that what is wrong with it shows at the start.
    package init() throws(Unavailable) {
        idle = Mutex([])
        let handle = try Self.open()
        idle.withLock { $0.append(Int(bitPattern: handle)) }
    }

    deinit {
        for bits in idle.withLock({ $0 }) { magic_close(magic_t(bitPattern: bits)) }
    }

    package func contentType(of front: ArraySlice<UInt8>) -> String? {
        let front = front.prefix(MIMEAttachments.frontBytesMax)
        guard let handle = lend() else { return nil }
        defer { giveBack(handle) }
        let text = front.withUnsafeBytes { bytes in
            magic_buffer(handle, bytes.baseAddress, bytes.count).map { String(cString: $0) }
        }
        guard let text, text.contains("/") else { return nil }
        return text
    }

    private static func open() throws(Unavailable) -> magic_t {
        // No symbolic links, devices or contents of archives: the type of these bytes alone.
        guard let handle = magic_open(MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS) else {
            throw Unavailable(reason: "libmagic gives no handle")
        }
        guard magic_load(handle, nil) == 0 else {
            let reason = magic_error(handle).map { String(cString: $0) } ?? "no database"
            magic_close(handle)
            throw Unavailable(reason: reason)
        }
        return handle
    }

    private func lend() -> magic_t? {
        if let bits = idle.withLock({ $0.popLast() }) { return magic_t(bitPattern: bits) }
        return try? Self.open()
    }

    private func giveBack(_ handle: magic_t) {
        let isKept = idle.withLock { idle in
            guard idle.count < Self.idleMax else { return false }
            idle.append(Int(bitPattern: handle))
            return true
        }
        if !isKept { magic_close(handle) }
    }
}

import MailFlow
import Storage
import Synchronization

/// Whether the disk has room above its reserve: looked up once a second, answered at once; what
/// mails write between two looks is counted.
final class DiskGuard: SpoolRoom {
    private let bodies: any BodyFiles
    private let freeBytesMin: Int64
    private let free: Mutex<Int64>

    init(bodies: any BodyFiles, freeBytesMin: Int) throws(StorageFailure) {
        self.bodies = bodies
        self.freeBytesMin = Int64(freeBytesMin)
        free = Mutex(try bodies.freeBytes())
    }

    func refresh() throws(StorageFailure) {
        let bytes = try bodies.freeBytes()
        free.withLock { $0 = bytes }
    }

    var freeBytes: Int64 { free.withLock { $0 } }

    func hasRoom(forBytes bytes: Int) -> Bool {
        freeBytes - Int64(min(bytes, 1 << 40)) > freeBytesMin
    }

    func take(bytes: Int) -> Bool {
        free.withLock { free in
            guard free - Int64(bytes) > freeBytesMin else { return false }
            free -= Int64(bytes)
            return true
        }
    }
}

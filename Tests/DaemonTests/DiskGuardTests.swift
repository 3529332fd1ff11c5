import Storage
import Synchronization
import TestSupport
import Testing

// `@testable`: the guard is the daemon's own.
@testable import Daemon

@Suite struct DiskGuardTests {
    struct Room: CustomTestStringConvertible, Sendable {
        let free: Int64
        let wanted: Int
        let isThere: Bool
        var testDescription: String { "\(free) free, \(wanted) wanted" }
    }

    static let rooms = [
        Room(free: 1_001, wanted: 0, isThere: true), Room(free: 1_000, wanted: 0, isThere: false),
        Room(free: 1_100, wanted: 99, isThere: true),
        Room(free: 1_100, wanted: 100, isThere: false),
        Room(free: 0, wanted: 0, isThere: false),
        Room(free: 1_000_000, wanted: Int.max, isThere: false),
    ]

    /// With 1,000 bytes in reserve.
    @Test(arguments: rooms)
    func keepsItsReserve(_ room: Room) throws {
        let disk = try DiskGuard(bodies: Disk(free: room.free), freeBytesMin: 1_000)
        #expect(disk.hasRoom(forBytes: room.wanted) == room.isThere)
    }

    @Test func countsWhatIsWrittenUntilItLooksAgain() throws {
        let bodies = Disk(free: 5_000)
        let disk = try DiskGuard(bodies: bodies, freeBytesMin: 1_000)
        #expect(disk.take(bytes: 3_000))
        #expect(!disk.take(bytes: 1_000))
        #expect(!disk.hasRoom(forBytes: 1_000))
        #expect(disk.take(bytes: 999))
        try disk.refresh()
        #expect(disk.hasRoom(forBytes: 3_999))
    }

    @Test func looksAgainWhenItIsTold() throws {
        let bodies = Disk(free: 5_000)
        let disk = try DiskGuard(bodies: bodies, freeBytesMin: 1_000)
        bodies.free.withLock { $0 = 500 }
        #expect(disk.hasRoom(forBytes: 0))
        try disk.refresh()
        #expect(!disk.hasRoom(forBytes: 0))
        #expect(disk.freeBytes == 500)
    }

    private final class Disk: UnscriptedBodies {
        let free: Mutex<Int64>

        init(free: Int64) {
            self.free = Mutex(free)
        }

        func freeBytes() throws(StorageFailure) -> Int64 { free.withLock { $0 } }
    }
}

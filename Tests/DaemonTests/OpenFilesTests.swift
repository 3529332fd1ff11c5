import Testing

// `@testable`: file descriptors are the daemon's affair alone.
@testable import Daemon

@Suite struct OpenFilesTests {
    @Test(arguments: [
        (64, 30, 9), (64, 63, 1), (1_024, 48, 360), (4_096, 48, 1_896), (20_000, 48, 9_848),
    ])
    func connectionsHaveTheirFiles(_ limit: Int, _ used: Int, _ connections: Int) {
        #expect(OpenFiles.connections(limit: limit, used: used, setAside: 0) == connections)
    }

    @Test(arguments: [
        (64, false, false, 0), (64, true, false, 8), (64, true, true, 16), (1_024, true, true, 144),
        (20_000, true, false, 16), (20_000, false, true, 256), (20_000, true, true, 272),
    ])
    func listenersForHTTPHaveTheirs(_ limit: Int, _ health: Bool, _ web: Bool, _ files: Int) {
        #expect(OpenFiles.setAside(limit: limit, hasHealth: health, hasWeb: web) == files)
        #expect(OpenFiles.connections(limit: 2_048, used: 48, setAside: 272) == 736)
    }

    @Test func countsWhatIsOpen() {
        #expect(OpenFiles.used > 2)
        #expect(OpenFiles.limit <= OpenFiles.limitMax)
    }
}

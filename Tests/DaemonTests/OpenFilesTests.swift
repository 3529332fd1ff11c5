import Testing

// `@testable`: file descriptors are the daemon's affair alone.
@testable import Daemon

@Suite struct OpenFilesTests {
    @Test(arguments: [
        (64, 30, 9), (64, 63, 1), (1_024, 48, 360), (4_096, 48, 1_896), (20_000, 48, 9_848),
    ])
    func connectionsHaveTheirFiles(_ limit: Int, _ used: Int, _ connections: Int) {
        #expect(OpenFiles.connections(limit: limit, used: used) == connections)
    }

    @Test func countsWhatIsOpen() {
        #expect(OpenFiles.used > 2)
        #expect(OpenFiles.limit <= OpenFiles.limitMax)
    }
}

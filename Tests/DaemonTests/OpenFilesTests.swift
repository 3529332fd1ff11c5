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
        (64, [], 0), (64, ["health"], 8), (64, ["health", "web"], 16), (64, ["s3"], 16),
        (1_024, ["health", "web"], 144), (20_000, ["health"], 16), (20_000, ["web"], 256),
        (20_000, ["health", "web"], 272), (20_000, ["s3"], 128),
    ])
    func listenersForHTTPHaveTheirs(_ limit: Int, _ listeners: [String], _ files: Int) {
        let aside = { workers in
            OpenFiles.setAside(
                limit: limit, hasHealth: listeners.contains("health"),
                hasWeb: listeners.contains("web"), hasS3: listeners.contains("s3"), triesMax: nil,
                workerProcesses: workers, postsMax: 3, putsMax: 4)
        }
        #expect(aside(0) == files + 11)
        #expect(aside(256) == files + 2_571)
        #expect(OpenFiles.connections(limit: 2_048, used: 48, setAside: 272) == 736)
    }

    /// Two for each try, one for each connection that waits; 400 and 200 where there is room.
    @Test(arguments: [(64, 24), (1_024, 384), (1_600, 600), (20_000, 600)])
    func sendingHasItsFiles(_ limit: Int, _ files: Int) {
        let setAside = OpenFiles.setAside(
            limit: limit, hasHealth: false, hasWeb: false, hasS3: false, triesMax: 200,
            workerProcesses: 0, postsMax: 0, putsMax: 0)
        #expect(setAside == files)
        // With the connections, and what is left to everything else, no more than there are.
        let used = min(48, limit / 4)
        let connections = OpenFiles.connections(limit: limit, used: used, setAside: setAside)
        #expect(used + setAside + 2 * connections + min(256, limit / 4) <= limit)
    }

    @Test func countsWhatIsOpen() {
        #expect(OpenFiles.used > 2)
        #expect(OpenFiles.limit <= OpenFiles.limitMax)
    }
}

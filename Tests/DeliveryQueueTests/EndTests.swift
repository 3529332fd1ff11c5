import DeliveryQueue
import Storage
import Synchronization
import Testing

/// The queue's end while a mail is on its way.
@Suite struct EndTests {
    @Test(arguments: [false, true])
    func whatCannotBeWrittenIsTold(_ isRefused: Bool) async throws {
        let depot = try Depot()
        depot.courier.hangs.withLock { _ = $0.insert("slow.example") }
        let mail = try await depot.send(to: ["ada@slow.example"])
        try await depot.run { depot in
            try await depot.until { depot.courier.atWork == 1 }
            if isRefused { try await depot.refuseJournal() }
        }
        #expect(depot.leftUnwritten.isUp.withLock { $0 } == isRefused)
        // It stays in the queue, and is tried again by the next start.
        let state = try await depot.recipients(of: mail).map(\.state)
        #expect(state == [isRefused ? .queued : .delivered])
    }
}

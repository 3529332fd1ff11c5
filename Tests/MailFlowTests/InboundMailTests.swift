import MailFlow
import MailModel
import NIOCore
import SQLStorage
import Storage
import Synchronization
import TestSupport
import Testing

@Suite struct InboundMailTests {
    private func id(_ outcome: IntakeOutcome) throws -> MailID {
        guard case .accepted(let id) = outcome else { throw Refused(outcome: outcome) }
        return id
    }

    struct Refused: Error { let outcome: IntakeOutcome }

    private func bytes(_ count: Int) -> ByteBuffer {
        ByteBuffer(string: "\r\n" + String(repeating: "x", count: count - 2))
    }

    /// At the threshold a mail is a row, a byte later a file; head and mail count together.
    @Test(arguments: [0, 1])
    func choosesThePlaceOfABody(_ beyond: Int) async throws {
        let receiving = try await Receiving { $0.bodyFileThresholdBytes = 4_000 }
        let probe = try id(await receiving.receive("\r\n"))
        let head = try #require(try await receiving.store.mail(probe)).headLength
        let intake = try receiving.open().get()
        _ = intake.append(bytes(4_000 - head + beyond), onDrain: {})
        let mail = try id(await intake.finish())
        let record = try #require(try await receiving.store.mail(mail))
        #expect(record.totalLength == 4_000 + beyond)
        #expect(record.bodyPlace == (beyond == 0 ? .row : .file))
        let file = receiving.bodies.state.withLock { $0.files[mail] }
        #expect((file != nil) == (beyond == 1))
        guard let file else { return }
        var checksum = Checksum()
        checksum.update(file)
        #expect(file.readableBytes == record.totalLength && checksum.value == record.checksum)
        #expect(receiving.bodies.state.withLock { $0.finished } == [mail])
    }

    @Test func stopsThePeerWhileTheDiskIsBehind() async throws {
        let threads = HeldThreads()
        let receiving = try await Receiving(threads: threads) { settings in
            settings.bodyFileThresholdBytes = 1_000
            settings.pendingBytesMax = 10_000
        }
        let intake = try receiving.open().get()
        let drained = Counter()
        let first = intake.append(bytes(5_000), onDrain: { drained.add() })
        let second = intake.append(bytes(6_000), onDrain: { drained.add() })
        #expect(first == .goOn && second == .pause)
        #expect(drained.count == 0)
        #expect(threads.run() == 1)
        #expect(drained.count == 1)
        let outcome = Mutex<IntakeOutcome?>(nil)
        await withCheckedContinuation { continuation in
            intake.finish { result in
                outcome.withLock { $0 = result }
                continuation.resume()
            }
            threads.run()
        }
        let mail = try id(try #require(outcome.withLock { $0 }))
        #expect(try await receiving.store.mail(mail)?.bodyPlace == .file)
    }

    @Test func leavesNoFileOfACutMail() async throws {
        let receiving = try await Receiving { $0.bodyFileThresholdBytes = 1_000 }
        let intake = try receiving.open().get()
        _ = intake.append(bytes(5_000), onDrain: {})
        #expect(receiving.bodies.state.withLock { $0.files.count } == 1)
        intake.abandon()
        #expect(receiving.bodies.state.withLock { $0.files.isEmpty })
        #expect(try await receiving.store.list(MailFilter()).isEmpty)
    }

    @Test(arguments: [
        (StorageFailure.full("no space"), Refusal.insufficientStorage),
        (.refused("EIO"), .storageUnavailable),
    ])
    func refusesWhatCannotBeWritten(_ failure: StorageFailure, refusal: Refusal) async throws {
        let receiving = try await Receiving { $0.bodyFileThresholdBytes = 1_000 }
        let intake = try receiving.open().get()
        _ = intake.append(bytes(5_000), onDrain: {})
        receiving.bodies.state.withLock { $0.failure = failure }
        _ = intake.append(bytes(5_000), onDrain: {})
        // What still comes is thrown away.
        #expect(intake.append(bytes(9), onDrain: {}) == .refused(refusal))
        #expect(await intake.finish() == .refused(refusal))
        #expect(receiving.bodies.state.withLock { $0.files.isEmpty })
        #expect(try await receiving.store.list(MailFilter()).isEmpty)
    }

    /// Mails that said no size share what there is above the reserve.
    @Test func refusesWhatWouldUseTheReserve() async throws {
        let receiving = try await Receiving { $0.bodyFileThresholdBytes = 1_000 }
        receiving.room.bytes.withLock { $0 = 12_000 }
        let first = try receiving.open().get()
        let second = try receiving.open().get()
        #expect(first.append(bytes(8_000), onDrain: {}) == .goOn)
        _ = second.append(bytes(8_000), onDrain: {})
        #expect(await second.finish() == .refused(.insufficientStorage))
        _ = try id(await first.finish())
        #expect(receiving.bodies.state.withLock { $0.files.count } == 1)
    }

    @Test func endsTheProcessAfterAFailedSync() async throws {
        let receiving = try await Receiving { $0.bodyFileThresholdBytes = 1_000 }
        receiving.bodies.state.withLock { $0.finishFailure = .syncFailed("fdatasync") }
        let outcome = try await receiving.receive("\r\n" + String(repeating: "x", count: 5_000))
        #expect(outcome == .refused(.storageUnavailable))
        #expect(receiving.syncFailures.count == 1)
        #expect(try await receiving.store.list(MailFilter()).isEmpty)
    }

    @Test func refusesHeadersBeyondTheirLimit() async throws {
        let receiving = try await Receiving { $0.headerBytesMax = 2_000 }
        let outcome = try await receiving.receive(
            "X: " + String(repeating: "x", count: 2_000) + "\r\n\r\n")
        #expect(outcome == .refused(.headerTooLarge))
    }

    @Test func refusesMailThatGoesInCircles() async throws {
        let receiving = try await Receiving { $0.hopsMax = 3 }
        let hop = "Received: from a by b; Mon, 1 Jan 2026 00:00:00 +0000\r\n"
        #expect(
            try await receiving.receive(String(repeating: hop, count: 4) + "\r\n")
                == .refused(.tooManyHops))
        _ = try id(await receiving.receive(String(repeating: hop, count: 3) + "\r\n"))
    }

    @Test func handsACommittedMailToItsActions() async throws {
        let receiving = try await Receiving()
        let mail = try id(await receiving.receive("Subject: x\r\n\r\n"))
        #expect(receiving.queue.take(9).map(\.record.id) == [mail])
    }
}

import DeliveryQueue
import MailModel
import NIOCore
import SQLStorage
import Storage
import Synchronization
import TestSupport
import Testing

/// Bodies that are not what was taken, and bodies that go back to the sender.
@Suite(.timeLimit(.minutes(1))) struct BodyTests {
    @Test func aDamagedMailIsHeld() async throws {
        let depot = try Depot()
        let mail = try await depot.send(to: ["a@one.example"], isOffered: false)
        try await depot.damage(mail)
        try await depot.run { depot in
            try await depot.until {
                try await depot.recipients(of: mail).first?.state == .held
            }
        }
        #expect(depot.courier.calls.isEmpty)
        #expect(depot.log.lines.withLock { $0 } == ["damaged a@one.example"])
    }

    /// Nothing of it leaves and it does not bounce, until its file is what it was.
    @Test(arguments: [nil, "", "body\r", "body\r\nx", "bodY\r\n"] as [String?], [true, false])
    func aMailWhoseFileIsNotWhatItWasIsHeld(_ content: String?, isOffered: Bool) async throws {
        let depot = try Depot()
        let mail = try await depot.send(
            to: ["a@one.example"], isOffered: isOffered, inFile: true)
        let whole = depot.bodies.files.withLock { $0[mail.bodyID] }
        depot.bodies.files.withLock { $0[mail.bodyID] = content.map(ByteBuffer.init(string:)) }
        try await depot.run { depot in
            try await depot.until { try await depot.recipients(of: mail).first?.state == .held }
            #expect(depot.courier.calls.isEmpty)
            let held = try #require(try await depot.recipients(of: mail).first)
            #expect(held.attempts == 0)
            let path = depot.bodies.path(of: mail.bodyID)
            #expect(held.detail?.contains("the body file \(path)") == true)
            // Nor does its time end it.
            depot.time.advance(seconds: 259_200 + 1)
            for _ in 0..<200 { await Task.yield() }
            #expect(try await depot.recipients(of: mail).first?.state == .held)
            depot.time.advance(seconds: -259_200)
            depot.bodies.files.withLock { $0[mail.bodyID] = whole }
            var filter = SendingFilter()
            filter.mail = mail.id
            #expect(try await depot.queue.apply(.release, to: filter).count == 1)
            try await depot.until { try await depot.store.sentMail(mail.id)?.state == .ended }
        }
        #expect(depot.courier.recipients == ["a@one.example"])
        #expect(depot.bodies.files.withLock { $0.isEmpty })
        #expect(
            depot.log.lines.withLock { $0 } == ["damaged a@one.example", "delivered a@one.example"])
    }

    /// The oldest of its destination, which failed before and is tried by one mail first.
    @Test func aFileThatCannotBeReadHoldsUpNoOther() async throws {
        let depot = try Depot(plan: RetryPlan(delaysSeconds: [600]))
        let bad = try await depot.send(to: ["a@one.example"], isOffered: false, inFile: true)
        depot.bodies.unreadable.withLock { $0 = [bad.bodyID] }
        depot.time.advance(seconds: 1)
        try await depot.send(to: ["b@one.example"], isOffered: false)
        try await depot.store.settle(
            DestinationRecord(
                name: "one.example", dueAt: depot.time.now(), failures: 2, detail: "no answer"))
        try await depot.run { depot in
            try await depot.until { depot.courier.recipients == ["b@one.example"] }
            try await depot.until {
                try await depot.recipients(of: bad).first?.detail == "the mail cannot be read: "
                    + "\(StorageFailure.refused("read \(bad.bodyID)"))"
            }
            depot.bodies.unreadable.withLock { $0 = [] }
            depot.time.advance(seconds: 700)
            try await depot.until { try await depot.store.sentMail(bad.id)?.state == .ended }
        }
        #expect(depot.courier.recipients == ["b@one.example", "a@one.example"])
    }

    struct Returning: Sendable {
        /// RET
        var asked: DeliveryNotification.Returned?
        /// More than the head and the body may have together.
        var excessBytes = 0
        var is8Bit = false
        var answer = ScriptedCourier.refused
        var isReturned = false
    }

    /// RFC 3461 §4.3: as its sender asked, where it failed, and a report takes it.
    @Test(arguments: [
        Returning(asked: .full, isReturned: true), Returning(asked: .full, excessBytes: 1),
        Returning(asked: .headers), Returning(asked: nil), Returning(asked: .full, is8Bit: true),
        Returning(asked: .full, answer: ScriptedCourier.taken),
    ])
    func aMailThatFailsIsReturnedWhole(_ test: Returning) async throws {
        let depot = try Depot()
        depot.courier.answers.withLock { $0 = ["one.example": test.answer] }
        let mail = try await depot.send(
            to: ["a@one.example"], notification: DeliveryNotification(returned: test.asked)
        ) { sending in
            let head = sending.mail.head
            let length =
                DeliveryReportMail.returnedBytesMax - head.readableBytes + test.excessBytes
            let body = ByteBuffer(repeating: UInt8(ascii: "x"), count: length)
            var checksum = Checksum()
            checksum.update(head)
            checksum.update(body)
            sending.body = body
            sending.mail.bodyLength = length
            sending.mail.checksum = checksum.value
            sending.mail.is8Bit = test.is8Bit
        }
        try await depot.run { depot in
            try await depot.until { try await depot.store.sentMail(mail.id)?.state == .ended }
        }
        let returned = depot.office.returned.withLock { $0 }
        #expect(returned.map { $0?.readableBytes } == [test.isReturned ? mail.bodyLength : nil])
    }

    /// Nor does the report about it carry what its sender never wrote.
    @Test func aMailWhoseFileWasChangedIsNotReturned() async throws {
        let depot = try Depot()
        let mail = try await depot.send(
            to: ["a@one.example"], notification: DeliveryNotification(returned: .full),
            inFile: true)
        depot.bodies.files.withLock { $0[mail.bodyID] = ByteBuffer(string: "bodY\r\n") }
        try await depot.run { depot in
            try await depot.until { try await depot.recipients(of: mail).first?.state == .held }
            var filter = SendingFilter()
            filter.mail = mail.id
            #expect(try await depot.queue.apply(.bounce, to: filter).count == 1)
        }
        #expect(depot.office.returned.withLock { $0 } == [nil])
    }
}

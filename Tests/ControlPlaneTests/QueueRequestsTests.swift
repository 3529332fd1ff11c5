import ControlPlane
import Foundation
import MailModel
import ObjectStorage
import SQLStorage
import Storage
import TestSupport
import Testing

/// What operators do with mails on their way, held, damaged and dead.
@Suite struct QueueRequestsTests {
    @Test(arguments: [MailRecord.BodyPlace.row, .file])
    func givesTheRawMail(_ place: MailRecord.BodyPlace) async throws {
        let desk = try Desk()
        let mail = try await desk.mail(in: place)
        #expect(try await desk.raw(mail) == Desk.content)
        #expect(try await desk.raw(mail, isStored: true) == Desk.head + Desk.content)
    }

    // MARK: Retry

    @Test func retriesADeadAction() async throws {
        let desk = try Desk()
        let mail = try await desk.mail(in: .row)
        #expect(try await desk.failure(.retryMail(id: mail.text)).kind == .invalid)
        try await desk.giveUp(mail)
        #expect(desk.releases.count == 0)
        #expect(try await desk.done(.retryMail(id: mail.text)).contains("run again now"))
        #expect(try await desk.state(of: mail) == .acting)
        #expect(desk.releases.count == 1)
    }

    /// A retry releases nothing: it says what to do first.
    @Test func retriesNoHeldMail() async throws {
        let desk = try Desk()
        let mail = try await desk.mail(in: .row)
        try await desk.giveUp(mail, retiring: false)
        _ = try await desk.done(.holdMail(id: mail.text))
        let failure = try await desk.failure(.retryMail(id: mail.text))
        #expect(failure.kind == .invalid)
        #expect(failure.message.contains("is held: release it first"))
        #expect(try await desk.state(of: mail) == .held)
        _ = try await desk.done(.releaseMail(id: mail.text))
        _ = try await desk.done(.retryMail(id: mail.text))
    }

    @Test func retriesNoDamagedMail() async throws {
        let desk = try Desk()
        let mail = try await desk.mail(in: .file)
        try await desk.giveUp(mail, retiring: false)
        try await desk.setAside(mail)
        let failure = try await desk.failure(.retryMail(id: mail.text))
        #expect(failure.kind == .invalid)
        #expect(failure.message.contains("is damaged: release it first"))
        #expect(try await desk.state(of: mail) == .damaged)
    }

    // MARK: Damaged mails

    @Test func releasesADamagedMailWithItsFile() async throws {
        let desk = try Desk()
        let mail = try await desk.mail(in: .file, stored: Desk.head + "what is left")
        try await desk.setAside(mail)
        #expect(try await desk.raw(mail) == "what is left")
        #expect(try await desk.done(.releaseMail(id: mail.text)).contains("is released"))
        #expect(try await desk.state(of: mail) == .acting)
        #expect(try ProjectFiles.text(desk.bodies.path(of: mail)) == Desk.head + "what is left")
        #expect(desk.releases.count == 1)
    }

    @Test func showsAMailThatLostEvenItsHead() async throws {
        let desk = try Desk()
        let mail = try await desk.mail(in: .file, stored: "X-S")
        try await desk.setAside(mail)
        #expect(try await desk.raw(mail, isStored: true) == "X-S")
        #expect(try await desk.raw(mail) == "")
    }

    @Test func releasesNoMailWhoseFileIsGone() async throws {
        let desk = try Desk()
        let mail = try await desk.mail(in: .file)
        try await desk.setAside(mail)
        try FileManager.default.removeItem(atPath: "\(desk.folder)/damaged/\(mail)")
        let failure = try await desk.failure(.releaseMail(id: mail.text))
        #expect(failure.kind == .invalid && failure.message.contains("its file is gone"))
        #expect(try await desk.state(of: mail) == .damaged)
    }

    /// Whoever runs its actions would set it aside again.
    @Test func releasesNoMailWhoseRowDiffers() async throws {
        let desk = try Desk()
        let mail = try await desk.mail(in: .row, stored: Desk.head + "else")
        #expect(try await desk.store.move(mail, from: [.acting], to: .damaged))
        #expect(try await desk.raw(mail) == "else")
        let failure = try await desk.failure(.releaseMail(id: mail.text))
        #expect(failure.kind == .invalid)
        #expect(failure.message.contains("not those that were accepted"))
        #expect(try await desk.state(of: mail) == .damaged)
    }

    @Test func removesWhatWasSetAside() async throws {
        let desk = try Desk()
        let mail = try await desk.mail(in: .file)
        try await desk.setAside(mail)
        _ = try await desk.done(.removeMail(id: mail.text))
        #expect(try await desk.state(of: mail) == nil)
        for folder in ["bodies", "damaged"] {
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: "\(desk.folder)/\(folder)")
                    .isEmpty)
        }
    }

    // MARK: What makes no sense

    @Test func refusesWhatIsNoID() async throws {
        let desk = try Desk()
        let mail = try await desk.mail(in: .row)
        for id in ["", "x!", "../../etc/passwd", String(repeating: "0", count: 41)] {
            #expect(try await desk.failure(.showMail(id: id)).kind == .invalid)
        }
        #expect(try await desk.failure(.showMail(id: "vv")).kind == .notFound)
        try await desk.giveUp(mail)
        #expect(try await desk.failure(.holdMail(id: mail.text)).kind == .invalid)
    }

    // MARK: Messages

    @Test func countsMessages() async throws {
        let desk = try Desk()
        let now = desk.time.now()
        func delivery(_ subscriber: String, _ state: TopicDelivery.State) -> TopicDelivery {
            TopicDelivery(
                message: TopicMessage(
                    id: "m", topic: "t", subject: nil, message: "{}", createdAt: now),
                subscriber: subscriber, state: state, attempts: 1, nextAttemptAt: now,
                lastError: nil)
        }
        try await desk.store.publish([
            delivery("a", .waiting), delivery("b", .dead), delivery("c", .dead),
        ])
        func counts() async throws -> [Int] {
            guard case .status(let status) = await desk.control.perform(.status) else {
                throw Desk.Unexpected()
            }
            return [status.waitingMessages, status.deadMessages]
        }
        #expect(try await counts() == [1, 2])
        #expect(try await desk.done(.resendMessage(id: "m")).contains("2 subscriber(s)"))
        #expect(try await counts() == [3, 0])
        #expect(try await desk.failure(.resendMessage(id: "m")).kind == .notFound)
    }
}

import DeliveryQueue
import MailModel
import NIOCore
import OutboundSMTP
import Testing

@Suite struct ClientSessionTests {
    struct Dialog: Sendable, CustomTestStringConvertible {
        var name: String
        var settings = SessionSettings(hello: "us.example")
        var mail = OutgoingMail.sample()
        var text: String

        init(
            _ name: String, tls: SessionSettings.TLSUse = .opportunistic,
            transport: Relay.Transport = .smtp, login: Relay.Login? = nil,
            mailsMax: Int = 100,
            mail: OutgoingMail = .sample(), _ text: String
        ) {
            self.name = name
            settings = SessionSettings(
                hello: "us.example", transport: transport, tls: tls, login: login,
                mailsMax: mailsMax)
            self.mail = mail
            self.text = text
        }

        var testDescription: String { name }
    }

    /// Server lines that follow each other come whole or byte by byte.
    @Test(arguments: ClientDialogs.all, [1, 100_000])
    func plays(_ dialog: Dialog, chunk: Int) {
        let problems = ClientDialog.play(
            dialog.text, dialog.settings, dialog.mail, chunk: chunk)
        #expect(problems == [])
    }

    /// What comes with an answer that it does not belong to was sent before we had asked.
    @Test(arguments: ClientDialogs.outOfTurn)
    func endsWhereAServerSpeaksOutOfTurn(_ dialog: Dialog) {
        let problems = ClientDialog.play(
            dialog.text, dialog.settings, dialog.mail, chunk: 100_000)
        #expect(problems == [])
    }

    /// A server that has the last byte of a chunk may answer before its client turns to it again.
    @Test(arguments: [(["a"], false), (["a", "b"], true)])
    func aMailInAChunkIsSentWithItsLastByte(_ pieces: [String], isSent: Bool) {
        var session = SMTPClientSession(SessionSettings(hello: "us.example"), now: 0)
        func hear(_ text: String) -> SMTPClientSession.Output? {
            var bytes = ByteBuffer(string: text + "\r\n")
            session.receive(&bytes, at: 0)
            return session.takeOutputs().first
        }
        _ = hear("220 mx")
        _ = hear("250-mx\r\n250 CHUNKING")
        session.deliver(.sample("ab"), at: 0)
        _ = hear("250 sender")
        _ = hear("250 recipient")
        for piece in pieces { session.send(ByteBuffer(string: piece), at: 0) }
        #expect(session.wantsContent != isSent)
        _ = session.takeOutputs()
        switch hear("250 done") {
        case .finished(.success): #expect(isSent)
        case .finished(.failure(let failure)):
            #expect(!isSent && failure.step == .content)
        case let other: Issue.record("\(other.debugDescription)")
        }
    }
}

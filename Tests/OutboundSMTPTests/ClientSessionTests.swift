import DeliveryQueue
import MailModel
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
}

import Feedback
import MailModel
import Testing

/// Bounces in prose, in the forms that servers write.
@Suite struct FreeFormTests {
    struct Form: CustomTestStringConvertible {
        var testDescription: String
        var text: String
        var addresses: [String]
        var reason: BounceReason
        var kind = MailFeedback.Kind.bounce
    }

    static let forms = [
        Form(
            testDescription: "qmail",
            text: """
                Hi. This is the qmail-send program at mx.example.
                I'm afraid I wasn't able to deliver your message to the following addresses.

                <a@a.example>:
                192.0.2.1 does not like recipient.
                Remote host said: 550 5.1.1 no such user

                <b@b.example>:
                Remote host said: 552 5.2.2 mailbox is full

                --- Below this line is a copy of the message.

                Return-Path: <c@c.example>
                Message-ID: <1@c.example>
                """, addresses: ["a@a.example", "b@b.example"], reason: .noSuchMailbox),
        Form(
            testDescription: "Exim",
            text: """
                A message that you sent could not be delivered to one or more of its
                recipients. This is a permanent error. The following address(es) failed:

                  a@a.example
                    SMTP error from remote mail server after RCPT TO:<a@a.example>:
                    host mx.a.example [192.0.2.1]: 550 5.7.1 relaying denied

                ------ This is a copy of the message, including all the headers. ------
                """, addresses: ["a@a.example"], reason: .relayDenied),
        Form(
            testDescription: "Sendmail",
            text: """
                   ----- The following addresses had permanent fatal errors -----
                <a@a.example>
                    (reason: 550 5.1.1 <a@a.example>... User unknown)

                   ----- Transcript of session follows -----
                ... while talking to mx.a.example.:
                >>> RCPT To:<a@a.example>
                <<< 550 5.1.1 <a@a.example>... User unknown
                """, addresses: ["a@a.example"], reason: .noSuchMailbox),
        Form(
            testDescription: "Exchange",
            text: """
                Your message

                  To:      other@b.example
                  Subject: Hello

                did not reach the following recipient(s):

                a@a.example on Fri, 1 Jan 2027 10:00:00 +0000
                    The recipient name is not recognized
                """, addresses: ["a@a.example"], reason: .noSuchMailbox),
        Form(
            testDescription: "a label",
            text: """
                Delivery failed.
                Failed Recipient: a@a.example
                Reason: message size exceeds limit
                """, addresses: ["a@a.example"], reason: .messageTooLarge),
        Form(
            testDescription: "still tried",
            text: """
                THIS IS A WARNING MESSAGE ONLY.
                Delivery to the following recipient has been delayed:

                     a@a.example

                connect to mx.a.example: connection refused
                """, addresses: ["a@a.example"], reason: .networkError, kind: .delay),
        Form(
            testDescription: "a sentence",
            text: "There was an error delivering your mail to <a@a.example>.\n554 virus found",
            addresses: ["a@a.example"], reason: .virus),
        Form(
            testDescription: "the mail that it quotes",
            text: """
                Message could not be delivered.

                Original Message:
                From: s@sender.example
                To: a@a.example
                """, addresses: ["a@a.example"], reason: .undetermined),
    ]

    @Test(arguments: forms)
    func isRead(_ form: Form) throws {
        let feedback = Mails.read(Mails.prose(form.text))
        #expect(feedback.kind == form.kind)
        let report = try #require(Mails.delivery(Mails.prose(form.text)))
        #expect(report.recipients.map(\.address) == form.addresses)
        #expect(report.recipients.first?.reason == form.reason)
        #expect(!report.isFormal)
    }

    /// Who writes about bounces, quotes one, or writes to many, sends none.
    @Test(arguments: [
        ("a@a.example", "Re: failure notice", "> could not be delivered\n> <b@b.example>: 550"),
        ("a@a.example", "Lunch?", "The parcel could not be delivered to your address."),
        ("postmaster@a.example", "Minutes", "See you on Monday."),
        ("a@a.example", "Delivery of your order", "Your message to us was received."),
    ])
    func mailsOfPeopleAreNone(_ from: String, _ subject: String, _ text: String) {
        let mail = "From: \(from)\nTo: b@b.example\nSubject: \(subject)\n\n\(text)\n"
        #expect(Mails.read(mail).kind == .other)
    }

    /// A kind of bounce that says nobody's name is a bounce of nobody.
    @Test func withoutAnAddressThereIsNoEmail() {
        let report = Mails.delivery(Mails.prose("Your mail could not be delivered.\n550 go away"))
        #expect(report?.recipients.map(\.address) == [""])
        #expect(report?.recipients.first?.bounceType == BounceType(.permanent, .noEmail))
    }

    @Test func recipientsAreLimited() {
        let lines = (0..<150).map { "<a\($0)@a.example>:\n550 no such user\n" }
        let text = "Your mail could not be delivered.\n\n\(lines.joined(separator: "\n"))"
        #expect(Mails.delivery(Mails.prose(text))?.recipients.count == 100)
        let failed = (0..<150).map { "a\($0)@a.example" }.joined(separator: ",\n ")
        let mail = "X-Failed-Recipients: \(failed)\n\(Mails.prose("It failed."))"
        #expect(Mails.delivery(mail)?.recipients.count == 100)
    }

    /// What costs is bounded, however long the mail is.
    @Test func p9ProseIsReadInLittleTime() {
        let hostile = [
            String(repeating: "@", count: 2_000_000),
            String(repeating: "a@a.example ", count: 200_000),
            String(repeating: "550-5.1.1 ", count: 200_000),
            String(repeating: "<p><", count: 500_000),
            String(repeating: "\"@", count: 500_000),
            String(repeating: "From: a\n", count: 200_000),
        ]
        for text in hostile {
            let started = ContinuousClock.now
            _ = Mails.read(Mails.prose("It could not be delivered.\n\(text)"))
            #expect(ContinuousClock.now - started < .seconds(20))
        }
    }
}

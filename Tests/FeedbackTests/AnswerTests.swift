import Feedback
import MailModel
import Testing

/// What the answer of a next hop means for events.
@Suite struct AnswerTests {
    static let cases: [(Int?, EnhancedStatus?, String, BounceReason)] = [
        (550, status(5, 1, 1), "5.1.1 no such user", .noSuchMailbox),
        (550, nil, "User unknown in virtual mailbox table", .noSuchMailbox),
        (452, status(4, 2, 2), "4.2.2 mailbox full", .mailboxFull),
        (552, nil, "message too large", .messageTooLarge),
        (554, status(5, 7, 1), "rejected as spam", .spam),
        (451, status(4, 7, 1), "Greylisted, try again later", .systemError),
        (421, nil, "too many connections from your IP", .rateLimited),
        (nil, status(5, 1, 2), "the domain has no address", .noSuchDomain),
        (nil, status(5, 1, 10), "null MX", .takesNoMail),
        (nil, status(4, 4, 1), "no host answers", .expired),
        (550, nil, "", .undetermined),
    ]

    private static func status(_ class: Int, _ subject: Int, _ detail: Int) -> EnhancedStatus {
        EnhancedStatus(class: `class`, subject: subject, detail: detail)
    }

    @Test(arguments: cases.indices)
    func hasAReason(_ index: Int) {
        let (code, status, text, reason) = Self.cases[index]
        #expect(BounceReason(code: code, text: text, status: status) == reason)
    }

    /// Whatever an answer said for now, that its time is over is no word about the address.
    @Test(arguments: BounceReason.allCases)
    func whatExpiresIsTransient(_ reason: BounceReason) {
        #expect(BounceType.transient(reason).type == .transient)
    }

    @Test(arguments: [
        (BounceReason.mailboxFull, BounceType.Subtype.mailboxFull), (.spam, .contentRejected),
        (.noSuchMailbox, .general), (.networkError, .general), (.undetermined, .general),
    ])
    func whatExpiresKeepsItsReason(_ reason: BounceReason, _ subtype: BounceType.Subtype) {
        #expect(BounceType.transient(reason).subtype == subtype)
    }

    @Test(arguments: [
        (BounceReason.mailboxFull, "MailboxFull"), (.spam, "SpamDetected"),
        (.systemError, "RecipientServerError"), (.hostBlocked, "IPFailure"),
        (.rateLimited, "IPFailure"), (.networkError, "TransientCommunicationFailure"),
        (.policy, "General"), (.noSuchMailbox, "General"), (.undetermined, "Undetermined"),
    ])
    func delaysHaveATypeOfSES(_ reason: BounceReason, _ name: String) {
        #expect(DelayType(reason).rawValue == name)
    }
}

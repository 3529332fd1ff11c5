import MailModel
import SQLStorage
import Storage
import TestSupport
import Testing

/// What a key of a mail that is sent stands for, and how long.
@Suite struct IdempotencyKeyTests {
    @Test(arguments: Engine.allCases)
    func takesAnIdempotencyKeyOnce(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        let first = try spool.sending { $0.idempotencyKey = "order 7" }
        let second = try spool.sending { $0.idempotencyKey = "order 7" }
        #expect(try await spool.accept(first) == .accepted(first.mail.id))
        #expect(try await spool.accept(second) == .repeated(first.mail.id))
        #expect(try await spool.store.sentMail(second.mail.id) == nil)
        // The same key, and another mail.
        let eve = Mailbox(
            validatedLocalPart: "eve", domain: first.recipients[0].address.domain)
        for change in [
            { $0.recipients[0].address = eve }, { $0.mail.bodyLength += 1 },
            { $0.mail.sender = .null },
        ] as [(inout AcceptedSending) -> Void] {
            let other = try spool.sending {
                $0.idempotencyKey = "order 7"
                change(&$0)
            }
            #expect(try await spool.accept(other) == .conflicting(first.mail.id))
            #expect(try await spool.store.sentMail(other.mail.id) == nil)
        }
        let end = spool.time.now().advanced(bySeconds: 86_400)
        try await spool.store.expireIdempotencyKeys(at: end)
        #expect(try await spool.accept(second) == .repeated(first.mail.id))
        try await spool.store.expireIdempotencyKeys(at: end.advanced(bySeconds: 1))
        #expect(try await spool.accept(second) == .accepted(second.mail.id))
    }

    /// Of one envelope and length there are many mails.
    @Test(arguments: Engine.allCases)
    func tellsMailsApartByTheirDigests(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        func sending(_ key: String, _ digest: String?) throws -> AcceptedSending {
            try spool.sending {
                $0.idempotencyKey = key
                $0.mail.facts.submittedDigest = digest
            }
        }
        let first = try sending("order 7", "one")
        #expect(try await spool.accept(first) == .accepted(first.mail.id))
        #expect(try await spool.accept(sending("order 7", "one")) == .repeated(first.mail.id))
        #expect(try await spool.accept(sending("order 7", "two")) == .conflicting(first.mail.id))
        // A mail of a server that kept no digest is known by the rest.
        let old = try sending("order 8", nil)
        #expect(try await spool.accept(old) == .accepted(old.mail.id))
        #expect(try await spool.accept(sending("order 8", "two")) == .repeated(old.mail.id))
    }

    /// Who is answered once a week is not answered on the second day, nor after a restart.
    @Test(arguments: Engine.allCases)
    func keepsAnIdempotencyKeyForItsTime(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        func sending() throws -> AcceptedSending {
            try spool.sending {
                $0.idempotencyKey = "reply:ada"
                $0.keyKeptSeconds = 7 * 86_400
            }
        }
        let (first, second) = (try sending(), try sending())
        #expect(try await spool.accept(first) == .accepted(first.mail.id))
        let end = spool.time.now().advanced(bySeconds: 7 * 86_400)
        try await spool.store.expireIdempotencyKeys(at: end)
        #expect(try await spool.accept(second) == .repeated(first.mail.id))
        try await spool.store.expireIdempotencyKeys(at: end.advanced(bySeconds: 1))
        #expect(try await spool.accept(second) == .accepted(second.mail.id))
    }
}

import MailModel
import SQLStorage
import Storage
import TestSupport
import Testing

/// The suppression lists, on every engine.
@Suite struct SuppressionStoreTests {
    /// A bounce that comes later changes nothing of it; an operator may.
    @Test(arguments: Engine.allCases)
    func aComplaintStands(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        let sending = try spool.sending(to: ["ada@one.example"])
        _ = try await spool.accept(sending)
        func record(_ reason: SuppressionRecord.Reason) -> SuppressionRecord {
            SuppressionRecord(
                scope: .account(.main), address: "ada@one.example", reason: reason,
                changedAt: spool.time.now())
        }
        func reason() async throws -> SuppressionRecord.Reason? {
            try await spool.store.suppression("ada@one.example", in: .account(.main))?.reason
        }
        for (told, expected) in [
            (SuppressionRecord.Reason.bounce, SuppressionRecord.Reason.bounce),
            (.complaint, .complaint), (.bounce, .complaint),
        ] {
            _ = try await spool.store.record([
                SendingProgress(
                    recipient: sending.recipients[0], suppressions: [record(told)])
            ])
            #expect(try await reason() == expected)
        }
        try await spool.store.put([record(.bounce)])
        #expect(try await reason() == .bounce)
    }

    @Test(arguments: Engine.allCases)
    func whoIsSuppressedMeanwhileIsSaid(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        let sending = try spool.sending(to: ["Ada@One.example"])
        _ = try await spool.accept(sending)
        let record = SuppressionRecord(
            scope: .account(.main), address: "ada@one.example", reason: .complaint,
            changedAt: spool.time.now(), messageID: sending.mail.id, feedbackID: "f",
            evidence: "said so")
        try await spool.store.put([record])
        let waiting = try await spool.store.dueRecipients(
            of: "one.example", at: spool.time.now(), limit: 9)
        #expect(waiting.map(\.suppression) == [record])
        var relayed = try spool.sending(to: ["ada@one.example"])
        relayed.mail.facts.operation = SendingFacts.relayOperation
        relayed.recipients[0].destination = "relay:boxes"
        _ = try await spool.accept(relayed)
        let handedOn = try await spool.store.dueRecipients(
            of: "relay:boxes", at: spool.time.now(), limit: 9)
        #expect(handedOn.map(\.suppression) == [nil])
        var above = record
        above.scope = .global
        above.reason = .bounce
        try await spool.store.put([above])
        #expect(
            try spool.store.suppressions(
                of: ["ada@one.example", "b@c.example"], account: .main)
                == ["ada@one.example": above])
        #expect(
            try spool.store.suppressions(
                of: ["ada@one.example"], account: AccountID("other"))
                == ["ada@one.example": above])
        let addresses = ["ada@one.example", "nobody@one.example"]
        #expect(try await spool.store.removeSuppressions(of: addresses, in: .global) == 1)
        #expect(try await spool.store.removeSuppressions(of: addresses, in: .global) == 0)
        #expect(
            try await spool.store.suppression("ada@one.example", in: .account(.main)) == record)
    }

    /// It is the address alone that nothing is sent to; others of its destination go on.
    @Test(arguments: ["reason = 'BOUNCD'", "reason = x'00'", "changed_ms = 'x'", "changed_ms = -1"])
    func aSuppressionThatCannotBeReadStands(_ damage: String) async throws {
        let spool = try Spool(.sqlite)
        let sending = try spool.sending(to: ["ada@one.example", "bob@one.example"])
        _ = try await spool.accept(sending)
        let record = SuppressionRecord(
            scope: .account(.main), address: "ada@one.example", reason: .bounce,
            changedAt: spool.time.now())
        try await spool.store.put([record])
        try await spool.execute("UPDATE suppression SET \(damage)")
        let waiting = try await spool.store.dueRecipients(
            of: "one.example", at: spool.time.now(), limit: 9)
        #expect(waiting.map(\.suppression?.reason) == [.complaint, nil])
        #expect(waiting.map(\.suppression?.evidence) == ["its row cannot be read", nil])
        #expect(
            Array(
                try spool.store.suppressions(
                    of: ["ada@one.example", "bob@one.example"], account: .main
                ).keys) == ["ada@one.example"])
        #expect(
            try await spool.store.list(SuppressionFilter(), in: .account(.main)).map(\.address)
                == ["ada@one.example"])
        #expect(spool.unreadable.ids.count == 3)
        #expect(Set(spool.unreadable.ids) == ["ada@one.example"])
        // It is put right by putting it there again.
        try await spool.store.put([record])
        #expect(
            try await spool.store.suppression("ada@one.example", in: .account(.main)) == record)
    }

    @Test(arguments: Engine.allCases)
    func listsSuppressionsInPages(_ engine: Engine) async throws {
        let spool = try Spool(engine)
        let records = (0..<5).map { index in
            SuppressionRecord(
                scope: .account(.main), address: "a\(index)@one.example",
                reason: index % 2 == 0 ? .bounce : .complaint,
                changedAt: Timestamp(milliseconds: Int64(index) * 1000))
        }
        try await spool.store.put(records)
        var filter = SuppressionFilter()
        filter.limit = 3
        let page = try await spool.store.list(filter, in: .account(.main))
        #expect(page == Array(records.prefix(3)))
        filter.after = page.last?.address
        #expect(try await spool.store.list(filter, in: .account(.main)) == Array(records.suffix(2)))
        filter = SuppressionFilter()
        filter.reasons = [.complaint]
        filter.since = Timestamp(milliseconds: 2000)
        filter.until = Timestamp(milliseconds: 3000)
        #expect(try await spool.store.list(filter, in: .account(.main)) == [records[3]])
        #expect(try await spool.store.list(SuppressionFilter(), in: .global).isEmpty)
    }
}

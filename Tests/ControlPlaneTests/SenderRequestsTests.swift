import Accounts
import ControlPlane
import DNS
import Storage
import TestSupport
import Testing

@Suite struct SenderRequestsTests {
    private let desk: Desk

    init() throws {
        desk = try Desk()
    }

    private func ask(_ request: SenderRequest) async throws -> SenderAnswer {
        try await answer(.sending(request))
    }

    private func ask(_ request: AccessKeyRequest) async throws -> SenderAnswer {
        try await answer(.accessKeys(request))
    }

    private func answer(_ request: ControlRequest) async throws -> SenderAnswer {
        guard case .sending(let answer) = await desk.control.perform(request) else {
            throw Desk.Unexpected()
        }
        return answer
    }

    private func identity(_ request: ControlRequest) async throws -> IdentityView {
        guard case .identity(let view) = await desk.control.perform(request) else {
            throw Desk.Unexpected()
        }
        return view
    }

    @Test func anAccessKeyIsShownOnce() async throws {
        guard case .newAccessKey(let made) = try await ask(.create(name: "shop")) else {
            throw Desk.Unexpected()
        }
        #expect(
            made.smtpPassword == SMTPPassword.text(secret: made.secret, region: made.region))
        guard case .accessKeys(let keys) = try await ask(.list) else {
            throw Desk.Unexpected()
        }
        #expect(keys.map(\.id) == [made.id])
        #expect(keys.map(\.status) == ["Active"])
        _ = try await desk.done(.accessKeys(.setActive(false, id: made.id)))
        let missing = try await desk.failure(
            .accessKeys(.setActive(true, id: "\(made.id.dropLast())x")))
        #expect(missing.kind == .notFound && missing.message.contains(made.id))
        _ = try await desk.done(.accessKeys(.delete(id: made.id)))
        let failure = try await desk.failure(.accessKeys(.create(name: "")))
        #expect(failure.kind == .invalid)
    }

    /// What to do next, where nothing looks like what was meant.
    @Test func aFailureSaysTheNextStep() async throws {
        let key = ControlRequest.accessKeys(.setActive(true, id: "AKIAX"))
        #expect(try await desk.failure(key).message.contains("martlet credentials create NAME"))
        #expect(
            try await desk.failure(.showIdentity(name: "one.example")).message
                .contains("martlet identity add NAME"))
        let many = (1...20).map { "shop\($0)" }
        for name in many {
            _ = try await ask(.create(name: name))
            _ = await desk.control.perform(
                .addIdentity(name: "\(name).example", isTrusted: true))
        }
        #expect(
            try await desk.failure(key).message
                == "there is no access key “AKIAX”; martlet credentials lists all")
        #expect(
            try await desk.failure(.showIdentity(name: "another.test")).message
                == "there is no identity “another.test”; martlet identity lists all")
        #expect(
            try await desk.failure(.sending(.showSuppression("ada"))).message
                == "“ada” is no mail address, such as user@example.com")
        let below = try await desk.failure(
            .changeSender(
                identity: "shop1.example", .setMailFrom("other.example", .useDefaultValue)))
        #expect(below.message.hasSuffix("bounces.shop1.example, say"))
    }

    @Test func addressesAreSuppressedOnTwoLists() async throws {
        let entry = SuppressionEntry(address: "Ada@One.example", reason: .complaint)
        _ = try await ask(.suppress([entry], isGlobal: true))
        _ = try await ask(
            .suppress(
                [SuppressionEntry(address: "ada@one.example", reason: .bounce)], isGlobal: false))
        guard case .suppressions(let found) = try await ask(.showSuppression("ADA@one.example"))
        else { throw Desk.Unexpected() }
        #expect(found.map(\.reason) == ["COMPLAINT", "BOUNCE"])
        #expect(found.map(\.isGlobal) == [true, false])
        guard
            case .suppressions(let list) = try await ask(
                .listSuppressions(SuppressionFilter(), isGlobal: false))
        else { throw Desk.Unexpected() }
        #expect(list.map(\.address) == ["ada@one.example"])
        guard
            case .count(let count) = try await ask(
                .unsuppress(["ada@one.example", "bob@one.example"], isGlobal: false))
        else { throw Desk.Unexpected() }
        #expect(count == 1)
        _ = try await ask(.unsuppress(["ada@one.example"], isGlobal: true))
        let failure = try await desk.failure(.sending(.showSuppression("ada@one.example")))
        #expect(failure.kind == .notFound)
    }

    @Test func aBatchHasItsLimitAndIsTakenWhole() async throws {
        let many = (0...SuppressionOperations.batchMax).map {
            SuppressionEntry(address: "a\($0)@one.example", reason: .bounce)
        }
        let tooMany = try await desk.failure(.sending(.suppress(many, isGlobal: false)))
        #expect(tooMany.kind == .invalid)
        _ = try await ask(.suppress(Array(many.dropLast()), isGlobal: false))
        let wrong = [many[0], SuppressionEntry(address: "b", reason: .bounce)]
        let failure = try await desk.failure(.sending(.suppress(wrong, isGlobal: true)))
        #expect(failure.message.contains("“b”"))
        let none = try await ask(.listSuppressions(SuppressionFilter(), isGlobal: true))
        guard case .suppressions(let list) = none else { throw Desk.Unexpected() }
        #expect(list.isEmpty)
    }

    @Test func anIdentityShowsWhatItSendsWith() async throws {
        _ = try await desk.done(.addIdentity(name: "ours.example", isTrusted: true))
        #expect(try await identity(.showIdentity(name: "ours.example")).dkim == nil)
        let early = try await desk.failure(
            .changeSender(identity: "ours.example", .setSigning(true)))
        #expect(early.message.contains("identity dkim start"))
        let begun = try await identity(.changeSender(identity: "ours.example", .startEasyDKIM))
        let keys = try #require(begun.dkim?.keys)
        #expect(begun.dkim?.status == "PENDING")
        #expect(keys.count == 3)
        #expect(
            keys.allSatisfy {
                $0.recordToPublish?.hasSuffix(" IN CNAME \($0.selector).dkim.mail.example.")
                    == true
            })
        guard case .zone(let zone) = try await ask(.exportZone) else { throw Desk.Unexpected() }
        #expect(keys.allSatisfy { zone.contains("\n\($0.selector).dkim.mail.example. ") })
        let set = try await identity(
            .changeSender(
                identity: "ours.example", .setMailFrom("b.ours.example", .rejectMessage)))
        #expect(set.mailFrom?.behaviorOnFailure == "REJECT_MESSAGE")
        let checked = try await identity(.checkIdentity(name: "ours.example"))
        #expect(checked.dkim?.errorType == "HOST_NOT_FOUND")
        #expect(checked.mailFrom?.errorType == "HOST_NOT_FOUND")
        let cleared = try await identity(
            .changeSender(identity: "ours.example", .clearMailFrom))
        #expect(cleared.mailFrom == nil)
        _ = try await desk.done(.removeIdentity(name: "ours.example"))
        _ = try await desk.done(.addIdentity(name: "ours.example", isTrusted: true))
        #expect(try await identity(.showIdentity(name: "ours.example")).dkim == nil)
    }

    @Test(arguments: [
        (SenderChange.bringDKIMKey(selector: "s", key: "x"), "no private key"),
        (.setMailFrom("other.example", .useDefaultValue), "below ours.example"),
    ])
    func saysWhatIsWrong(_ change: SenderChange, _ text: String) async throws {
        _ = try await desk.done(.addIdentity(name: "ours.example", isTrusted: true))
        let failure = try await desk.failure(.changeSender(identity: "ours.example", change))
        #expect(failure.kind == .invalid && failure.message.contains(text))
    }

    @Test func anAddressSendsWithWhatItsDomainHas() async throws {
        _ = try await desk.done(.addIdentity(name: "ada@ours.example", isTrusted: true))
        let failure = try await desk.failure(
            .changeSender(identity: "ada@ours.example", .startEasyDKIM))
        #expect(failure.kind == .invalid)
    }
}

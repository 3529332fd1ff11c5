import ControlPlane
import DNS
import TestSupport
import Testing

@Suite struct IdentityRequestsTests {
    private let desk: Desk

    init() throws {
        desk = try Desk()
    }

    private func identity(_ request: ControlRequest) async throws -> IdentityView {
        guard case .identity(let view) = await desk.control.perform(request) else {
            throw Desk.Unexpected()
        }
        return view
    }

    @Test func aDomainIsVerifiedByItsRecord() async throws {
        let added = try await identity(.addIdentity(name: "Ours.Example.", isTrusted: false))
        #expect(added.name == "ours.example")
        #expect(added.status == "PENDING")
        #expect(added.statusEndsAt == "2026-09-24T14:13:20.000Z")
        let line = try #require(added.recordsToPublish.first)
        let token = String(line.split(separator: "\"")[1])

        let missing = try await identity(.checkIdentity(name: "ours.example"))
        #expect(missing.errorType == "HOST_NOT_FOUND")
        #expect(missing.finding == "there is no name _amazonses.ours.example")
        #expect(missing.nextCheckAt != nil)
        desk.zone.put("_amazonses.ours.example", .txt, [.txt("no"), .txt(token)])
        let found = try await identity(.checkIdentity(name: "ours.example"))
        #expect(found.status == "SUCCESS")
        #expect(found.errorType == nil)
        #expect(found.statusEndsAt == nil)
        #expect(found.found == ["\"no\"", "\"\(token)\""])
        #expect(try await identity(.showIdentity(name: "ours.example")).status == "SUCCESS")
    }

    @Test func anAddressTakesTheOperatorsWord() async throws {
        let failure = try await desk.failure(
            .addIdentity(name: "ada@ours.example", isTrusted: false))
        #expect(failure.kind == .invalid)
        #expect(failure.message.contains("--trusted"))
        _ = try await desk.done(.addIdentity(name: "ada@ours.example", isTrusted: true))
        let shown = try await identity(.showIdentity(name: "ada@ours.example"))
        #expect(shown.status == "SUCCESS" && shown.isTrusted && shown.recordsToPublish.isEmpty)
    }

    @Test func aTrustedDomainHasNoRecordUntilOneIsAskedFor() async throws {
        _ = try await desk.done(.addIdentity(name: "ours.example", isTrusted: true))
        let failure = try await desk.failure(.checkIdentity(name: "ours.example"))
        #expect(failure.message.contains("martlet identity add ours.example"))
        let added = try await identity(.addIdentity(name: "ours.example", isTrusted: false))
        #expect(added.isTrusted && added.status == "SUCCESS")
        #expect(added.recordsToPublish.count == 1)
        #expect(try await identity(.checkIdentity(name: "ours.example")).status == "SUCCESS")
    }

    @Test(arguments: [
        ControlRequest.showIdentity(name: "our.example"), .checkIdentity(name: "our.example"),
        .removeIdentity(name: "our.example"),
    ])
    func saysWhatIsMeant(_ request: ControlRequest) async throws {
        _ = try await desk.done(.addIdentity(name: "ours.example", isTrusted: true))
        let failure = try await desk.failure(request)
        #expect(failure.kind == .notFound)
        #expect(failure.message.contains("ours.example"))
    }

    /// A domain of 255 bytes, below which there is no room for a record.
    private static let longest =
        String(repeating: "abcdefghijklmno.", count: 15) + "abcdefghijklmno"

    @Test(arguments: ["", "a b", "@", "a..b", longest])
    func refusesWhatIsNoIdentity(_ name: String) async throws {
        let failure = try await desk.failure(.addIdentity(name: name, isTrusted: false))
        #expect(failure.kind == .invalid)
    }
}

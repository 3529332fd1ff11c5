package import Accounts
import Documents
import MailModel
import Storage

/// What an operator asks about sending: suppression lists, and what identities send with.
package struct SenderOperations: Sendable {
    private let history: SendingHistory
    let sentMails: SentMailOperations
    private let tlsResults: TLSResultOperations
    let identities: SendingIdentities
    private let setup: SenderSetup
    let verifier: SendingVerifier
    let records: SendingRecords
    private let zoneKeeper: ServiceZoneKeeper?

    /// No `zoneKeeper`: a person keeps the service domain's records.
    package init(
        suppressions: SuppressionOperations, sentMails: SentMailOperations,
        tlsResults: TLSResultOperations,
        identities: SendingIdentities, setup: SenderSetup, verifier: SendingVerifier,
        records: SendingRecords, zoneKeeper: ServiceZoneKeeper? = nil
    ) {
        history = SendingHistory(suppressions: suppressions, sentMails: sentMails)
        self.sentMails = sentMails
        self.tlsResults = tlsResults
        self.identities = identities
        self.setup = setup
        self.verifier = verifier
        self.records = records
        self.zoneKeeper = zoneKeeper
    }

    /// How the service domain's records stand on their name server.
    var serviceZone: ServiceZoneView? { zoneKeeper.map { ServiceZoneView($0.status) } }

    /// What is asked, where anything is sent at all.
    static func configured(_ senders: SenderOperations?) throws(ControlFailure) -> SenderOperations
    {
        guard let senders else { throw notConfigured }
        return senders
    }

    static let notConfigured = ControlFailure(
        .invalid,
        "nothing is sent: the configuration does not have “sending: {enabled: true}”; with it, start "
            + "the server anew")

    func answer(_ request: SenderRequest) async throws -> ControlAnswer {
        switch request {
        case .suppress, .unsuppress, .showSuppression, .listSuppressions, .listSent, .showSent:
            try await history.answer(request)
        case .exportZone: .sending(.zone(try zone()))
        case .listTLSResults(let day): .sending(try await tlsResults.list(day))
        case .changeSent(let change, let filter, let isDry):
            .sending(try await sentMails.apply(change, filter, isDry: isDry))
        }
    }

    private func zone() throws(ControlFailure) -> String {
        guard let zone = records.zone(of: identities.records) else {
            throw ControlFailure(
                .invalid,
                "there is no service domain: the records of each identity are to be published in "
                    + "its own zone (martlet identity show NAME)")
        }
        return zone
    }

    // MARK: What identities send with

    func change(_ domain: Domain, _ change: SenderChange) async throws {
        do throws(SenderSetup.Problem) {
            switch change {
            case .startEasyDKIM: _ = try await setup.startEasyDKIM(domain)
            case .bringDKIMKey(let selector, let key):
                _ = try await setup.bringKey(key, at: selector, of: domain)
            case .setSigning(let isEnabled):
                _ = try await setup.setSigning(isEnabled, of: domain)
            case .setMailFrom(let text, let behavior):
                _ = try await setup.setMailFrom(text, behavior, of: domain)
            case .clearMailFrom: _ = try await setup.clearMailFrom(of: domain)
            case .setConfigurationSet(let set):
                _ = try await setup.setConfigurationSet(set, of: domain)
            }
        } catch {
            throw failure(error, domain)
        }
    }

    private func failure(_ problem: SenderSetup.Problem, _ domain: Domain) -> any Error {
        switch problem {
        case .key(.notMade): ControlFailure(.unavailable, "the key could not be made")
        case .key(.unreadable):
            ControlFailure(
                .invalid,
                "this is no private key: RSA or Ed25519 as PEM without a password, or the base64 "
                    + "of its DER")
        case .key(.bits(let bits)):
            ControlFailure(
                .invalid,
                "the key has \(bits) bits; \(DKIMKeyMaker.broughtBits.lowerBound) to "
                    + "\(DKIMKeyMaker.broughtBits.upperBound) are taken")
        case .selector:
            ControlFailure(
                .invalid,
                "a selector has 1 to 63 letters, digits and hyphens, with none at its ends")
        case .tooLong:
            ControlFailure(.invalid, "\(domain) is too long: below it no key's record can stand")
        case .selectorInUse:
            ControlFailure(
                .invalid,
                "another key of \(domain) has this selector, and mails that it signed are on their "
                    + "way: give the new one another selector")
        case .notBelow(let identity):
            ControlFailure(
                .invalid,
                "a MAIL FROM domain is a domain below \(identity): bounces.\(identity), say")
        case .notStarted:
            ControlFailure(.invalid, "\(domain) has no DKIM: martlet identity dkim start \(domain)")
        case .configurationSet:
            ControlFailure(
                .invalid, "a configuration set's name has 1 to 64 letters, digits, “_” and “-”")
        case .gone: ControlFailure(.notFound, "\(domain) was removed meanwhile")
        case .storage(let failure): failure
        }
    }
}

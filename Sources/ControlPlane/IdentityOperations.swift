package import Accounts
import Documents
package import MailModel
import Storage

/// What can be asked of identities.
package struct IdentityOperations: Sendable {
    private let directory: IdentityDirectory
    private let verification: DomainVerification
    private let verifier: DomainVerifier
    /// Nil: nothing is sent.
    private let senders: SenderOperations?
    private let time: any TimeSource
    private let random: any RandomSource

    package init(
        directory: IdentityDirectory, verification: DomainVerification, verifier: DomainVerifier,
        senders: SenderOperations?, time: any TimeSource, random: any RandomSource
    ) {
        self.directory = directory
        self.verification = verification
        self.verifier = verifier
        self.senders = senders
        self.time = time
        self.random = random
    }

    var list: [IdentityView] {
        directory.records.map(view)
    }

    private func view(_ record: IdentityRecord) -> IdentityView {
        var view = IdentityView(record, verification)
        if record.kind == .domain, let senders {
            view.show(senders.identities.record(of: record.name), senders.records)
        }
        return view
    }

    func show(_ text: String) throws -> ControlAnswer {
        .identity(view(try find(text)))
    }

    func add(_ text: String, isTrusted: Bool) async throws -> ControlAnswer {
        let name = try self.name(text)
        if isTrusted {
            let record = try await directory.addTrusted(name, at: time.now())
            return .done("\(record.name) is a verified \(record.kind.rawValue) by your word")
        }
        switch name {
        case .domain(let domain):
            guard verification.recordName(below: domain.ascii) != nil else {
                throw ControlFailure(
                    .invalid, "\(domain) is too long: below it no record can stand")
            }
            let record = try await directory.addPending(domain, at: time.now(), random: random)
            return .identity(view(record))
        case .address:
            throw ControlFailure(
                .invalid,
                "an address is verified by your word alone, since its owner is not asked by "
                    + "mail yet: say --trusted if \(name.text) is yours")
        }
    }

    /// Looks into the DNS now, for all that the identity is to have there.
    func check(_ text: String) async throws -> ControlAnswer {
        let old = try find(text)
        let sending = try await senders?.verifier.check(old.name)
        guard old.token != nil else {
            if sending != nil { return .identity(view(old)) }
            throw ControlFailure(
                .invalid,
                "\(old.name) is verified by your word and has no record to look for"
                    + (old.kind == .domain ? "; martlet identity add \(old.name) makes one" : ""))
        }
        guard let record = try await verifier.check(old) else {
            throw ControlFailure(.notFound, "\(old.name) was removed meanwhile")
        }
        return .identity(view(record))
    }

    func remove(_ text: String) async throws -> ControlAnswer {
        let name = try self.name(text)
        guard try await directory.remove(name) else { throw missing(name) }
        try await senders?.identities.reload()
        return .done("\(name.text) is no longer an identity")
    }

    /// Changes what a domain sends with.
    func change(_ text: String, _ change: SenderChange) async throws -> ControlAnswer {
        let record = try find(text)
        guard record.kind == .domain else {
            throw ControlFailure(
                .invalid, "\(record.name) is an address: it sends with what its domain has")
        }
        try await SenderOperations.configured(senders).change(
            Domain(validatedASCII: record.name), change)
        return .identity(view(record))
    }

    private func find(_ text: String) throws -> IdentityRecord {
        let name = try self.name(text)
        guard let record = directory.record(of: name) else { throw missing(name) }
        return record
    }

    private func missing(_ name: IdentityName) -> ControlFailure {
        let names = directory.records.map(\.name)
        let hint = NearMiss.hint(name.text, among: names)
        let step =
            names.isEmpty
            ? "; there are none yet: martlet identity add NAME" : "; martlet identity lists all"
        return ControlFailure(
            .notFound, "there is no identity “\(name.text)”\(hint.isEmpty ? step : hint)")
    }

    private func name(_ text: String) throws(ControlFailure) -> IdentityName {
        do throws(IdentityName.ParsingError) {
            return try IdentityName(parsing: text)
        } catch {
            throw ControlFailure(.invalid, "\(error)")
        }
    }
}

package import DNS
package import MailModel
package import Storage

/// Looks for the records of domains, when somebody asks and when they are due.
package final class DomainVerifier: Sendable {
    private let identities: IdentityDirectory
    private let resolver: any DNSResolver
    private let verification: DomainVerification
    private let senders: SendingIdentities?
    private let time: any TimeSource

    /// No `senders`: nothing is sent, and the domain's own record alone verifies it.
    package init(
        identities: IdentityDirectory, resolver: any DNSResolver,
        verification: DomainVerification, senders: SendingIdentities?, time: any TimeSource
    ) {
        self.identities = identities
        self.resolver = resolver
        self.verification = verification
        self.senders = senders
        self.time = time
    }

    /// Looks now, and answers the identity as it is then; nil where it has no record to look for,
    /// or is gone. A look that was broken off changes nothing.
    package func check(_ identity: IdentityRecord) async throws(StorageFailure) -> IdentityRecord? {
        guard let name = verification.recordName(of: identity), let token = identity.token else {
            return nil
        }
        let answer = await answer(name)
        if case .failure(.cancelled) = answer { return identity }
        var check = verification.check(answer, for: token, at: name, time: time.now())
        // SES: who has published our keys owns the domain, without the other record.
        if check.error != nil, senders?.hasFoundKeys(of: identity.name) == true {
            check.error = nil
            check.detail += "; its DKIM records verify it"
        }
        let next = verification.outcome(of: check, for: identity)
        return try await identities.replace(identity, with: next)
    }

    /// Looks for the records of the domain `name` now, where it is not verified: something else of
    /// it was found. Answers it as it was and is, where its status changed.
    package func checkUnverified(
        _ name: String
    ) async throws(StorageFailure) -> (old: IdentityRecord, new: IdentityRecord)? {
        guard let old = identities.records.first(where: { $0.name == name }),
            !old.status.isUsable, let new = try await check(old), new.status != old.status
        else { return nil }
        return (old, new)
    }

    private func answer(_ name: Domain) async -> Result<DNSAnswer, DNSFailure> {
        do throws(DNSFailure) {
            return .success(try await resolver.ask(name, .txt))
        } catch {
            return .failure(error)
        }
    }

    /// Looks for all that are due, one after another. Answers those whose status changed, as they
    /// were and as they are.
    package func checkDue() async throws(StorageFailure) -> [(IdentityRecord, IdentityRecord)] {
        let now = time.now()
        var changed: [(IdentityRecord, IdentityRecord)] = []
        for identity in identities.records {
            guard !identity.isTrusted, RecordWatching.isDue(identity.nextCheckAt, at: now),
                !Task.isCancelled
            else { continue }
            if let next = try await check(identity), next.status != identity.status {
                changed.append((identity, next))
            }
        }
        return changed
    }
}

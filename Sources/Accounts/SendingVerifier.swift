package import DNS
package import MailModel
package import Storage

/// Looks for the records that identities send with, when somebody asks and when they are due, and
/// changes their keys when it is time.
package final class SendingVerifier: Sendable {
    private let identities: SendingIdentities
    private let resolver: any DNSResolver
    private let maker: DKIMKeyMaker
    private let mailFrom: MailFromCheck
    private let inFlightSecondsMax: Int64
    private let time: any TimeSource

    /// `inFlightSecondsMax`: how long after it was signed a mail may be handed over at the latest; the
    /// records of its keys stand longer.
    package init(
        identities: SendingIdentities, resolver: any DNSResolver, maker: DKIMKeyMaker,
        records: SendingRecords, inFlightSecondsMax: Int64, time: any TimeSource
    ) {
        self.identities = identities
        self.resolver = resolver
        self.maker = maker
        mailFrom = MailFromCheck(records: records)
        self.inFlightSecondsMax = inFlightSecondsMax
        self.time = time
    }

    /// Looks now for all records of the identity `name`, and lets the keys sign that are found.
    /// Answers it as it is then; nil where it has nothing to look for. A look that was broken off
    /// changes nothing.
    package func check(_ name: String) async throws(StorageFailure) -> SendingIdentity? {
        guard let identity = identities.record(of: name) else { return nil }
        try await look(at: identity, dkim: true, mailFrom: true)
        if let now = identities.record(of: name) { try await turn(now, trusted: nil) }
        return identities.record(of: name)
    }

    /// Looks for what is due, one identity after another, and changes keys. `trusted`: what the
    /// clock says where it can be trusted with the end of a key's time; nil where it cannot. Answers those that changed, as they were and as they are.
    package func runDue(
        trusted: Timestamp?
    ) async throws(StorageFailure) -> [(old: SendingIdentity, new: SendingIdentity)] {
        var changed: [(old: SendingIdentity, new: SendingIdentity)] = []
        for old in identities.records {
            guard !Task.isCancelled else { break }
            let now = time.now()
            try await look(
                at: old, dkim: RecordWatching.isDue(old.dkim?.watch.nextCheckAt, at: now),
                mailFrom: RecordWatching.isDue(old.mailFrom?.watch.nextCheckAt, at: now))
            if let looked = identities.record(of: old.name) {
                try await turn(looked, trusted: trusted)
            }
            if let new = identities.record(of: old.name), new != old { changed.append((old, new)) }
        }
        return changed
    }

    // MARK: Looking

    private func look(
        at old: SendingIdentity, dkim: Bool, mailFrom: Bool
    ) async throws(StorageFailure) {
        var new = old
        if dkim, old.dkim != nil {
            var findings: [DKIMFinding] = []
            for key in old.keys where key.facts.state != .retired {
                guard let name = SendingRecords.name(ofKey: key.selector, of: old.name) else {
                    continue
                }
                let answer = await ask(name, .txt)
                if case .failure(.cancelled) = answer { return }
                findings.append(DKIMFinding(answer, for: key, at: name, time: time.now()))
            }
            new = new.outcome(of: findings, at: time.now())
        }
        if mailFrom, let settings = old.mailFrom {
            let domain = Domain(validatedASCII: settings.domain)
            let (exchanges, texts) = (await ask(domain, .mx), await ask(domain, .txt))
            if case .failure(.cancelled) = exchanges { return }
            if case .failure(.cancelled) = texts { return }
            let check = self.mailFrom.check(
                settings.domain, exchanges: exchanges, texts: texts, time: time.now())
            new.mailFrom?.watch = RecordWatching.outcome(of: check, for: settings.watch)
        }
        _ = try await identities.replace(old, with: new)
    }

    private func ask(_ name: Domain, _ type: DNSRecordType) async -> Result<DNSAnswer, DNSFailure> {
        do throws(DNSFailure) {
            return .success(try await resolver.ask(name, type))
        } catch {
            return .failure(error)
        }
    }

    // MARK: Keys

    /// Every step that is to be taken now; none while the records are not there.
    private func turn(
        _ identity: SendingIdentity, trusted: Timestamp?
    ) async throws(StorageFailure) {
        guard let dkim = identity.dkim, dkim.watch.status.isUsable else { return }
        var new = identity
        let now = time.now()
        while let step = DKIMRotation.step(
            new.keys, wanting: dkim.origin, inFlightSecondsMax: inFlightSecondsMax, at: now,
            trusted: trusted)
        {
            guard await take(step, &new, at: now) else { break }
        }
        _ = try await identities.replace(identity, with: new)
    }

    /// Says whether it could be done; a key that cannot be made now is made at a later turn.
    private func take(
        _ step: DKIMRotation.Step, _ identity: inout SendingIdentity, at now: Timestamp
    ) async -> Bool {
        switch step {
        case .activate(let selector, let retiring):
            identity.move([selector], to: .active, at: now)
            identity.move(retiring, to: .retiring, at: now)
        case .end(let selector): identity.move([selector], to: .retired, at: now)
        case .remove(let selector): identity.keys.removeAll { $0.selector == selector }
        case .renew(let selector, let algorithm):
            let key: DKIMKeyRecord
            do throws(DKIMKeyMaker.Problem) {
                key = try await maker.make(algorithm, at: selector, of: identity.name)
            } catch {
                return false
            }
            identity.keys.removeAll { $0.selector == selector }
            identity.keys = (identity.keys + [key]).sorted { $0.selector < $1.selector }
        }
        return true
    }
}

extension SendingIdentity {
    fileprivate mutating func move(
        _ selectors: [String], to state: DKIMKeyRecord.State, at now: Timestamp
    ) {
        for index in keys.indices where selectors.contains(keys[index].selector) {
            keys[index].facts.state = state
            keys[index].facts.since = now
        }
    }
}

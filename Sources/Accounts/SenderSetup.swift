package import MailModel
package import Storage

/// What the owner of a domain sets up for sending: Easy DKIM, a key of their own, a MAIL FROM domain.
package struct SenderSetup: Sendable {
    package enum Problem: Error, Sendable {
        case key(DKIMKeyMaker.Problem)
        /// A selector is a label of letters, digits and hyphens.
        case selector
        /// The name of the record would be too long.
        case tooLong
        /// Another key stands there: mails that it signed would not verify any more.
        case selectorInUse
        /// SES: the MAIL FROM domain is to be a subdomain of the identity's.
        case notBelow(identity: String)
        /// DKIM was never asked for.
        case notStarted
        /// SES: a configuration set's name has 1 to 64 letters, digits, `_` and `-`.
        case configurationSet
        /// The identity was removed meanwhile.
        case gone
        case storage(StorageFailure)
    }

    private let identities: SendingIdentities
    private let maker: DKIMKeyMaker
    private let time: any TimeSource

    package init(identities: SendingIdentities, maker: DKIMKeyMaker, time: any TimeSource) {
        self.identities = identities
        self.maker = maker
        self.time = time
    }

    /// Begins Easy DKIM, or looks for its records again where they were given up; one that runs
    /// keeps its tokens, and gets new ones for keys that were damaged and removed. SES:
    /// `VerifyDomainDkim`
    package func startEasyDKIM(_ domain: Domain) async throws(Problem) -> SendingIdentity {
        let now = time.now()
        let name = domain.ascii
        let count = DKIMRotation.selectorsCount
        let kept = identities.record(of: name)?.easyKeys ?? []
        var fresh: [DKIMKeyRecord] = []
        while kept.count + fresh.count < count {
            fresh.append(try await newKey(DKIMRotation.nextAlgorithm(kept + fresh), name))
        }
        return try await change(name) { [fresh] identity in
            if identity.dkim?.origin != .easy {
                // Changed to a key that was brought since we looked: that was later.
                guard fresh.count == count else { return }
                identity.switchKeys(to: .easy, fresh)
                identity.dkim = DKIMSettings(
                    origin: .easy, isEnabled: identity.dkim?.isEnabled ?? true,
                    watch: .pending(from: now))
                return
            }
            let missing = max(0, count - identity.easyKeys.count)
            identity.switchKeys(to: .easy, Array(fresh.prefix(missing)))
            if identity.dkim?.watch.status == .failed {
                identity.dkim?.watch = .pending(from: now)
            }
        }
    }

    private func newKey(
        _ algorithm: DKIMKeyRecord.Algorithm, _ name: String
    ) async throws(Problem) -> DKIMKeyRecord {
        let token = maker.token()
        guard SendingRecords.name(ofKey: token, of: name) != nil else { throw .tooLong }
        do throws(DKIMKeyMaker.Problem) {
            return try await maker.make(algorithm, at: token, of: name)
        } catch {
            throw .key(error)
        }
    }

    /// Signs with a key of the owner's as soon as its record is found; with one that was brought
    /// before, again. SES: BYODKIM, `PutEmailIdentityDkimSigningAttributes`
    package func bringKey(
        _ text: String, at selector: String, of domain: Domain
    ) async throws(Problem) -> SendingIdentity {
        let now = time.now()
        let name = domain.ascii
        let selector = selector.lowercased()
        guard (1...63).contains(selector.utf8.count), !selector.contains("."),
            !selector.contains("_"), (try? Domain(parsing: selector))?.ascii == selector
        else { throw .selector }
        guard SendingRecords.name(ofKey: selector, of: name) != nil else { throw .tooLong }
        let key: DKIMKeyRecord
        do throws(DKIMKeyMaker.Problem) {
            key = try maker.read(text, at: selector, of: name)
        } catch {
            throw .key(error)
        }
        if let old = identities.record(of: name)?.keys.first(where: { $0.selector == selector }),
            old.facts.publicKey != key.facts.publicKey
        {
            throw .selectorInUse
        }
        return try await change(name) { $0.bring(key, at: now) }
    }

    /// Whether its mail is signed; what is published and looked for stays. SES: `SetIdentityDkimEnabled`
    package func setSigning(
        _ isEnabled: Bool, of domain: Domain
    ) async throws(Problem) -> SendingIdentity {
        guard identities.record(of: domain.ascii)?.dkim != nil else { throw .notStarted }
        return try await change(domain.ascii) { $0.dkim?.isEnabled = isEnabled }
    }

    /// SES: `PutEmailIdentityMailFromAttributes`
    package func setMailFrom(
        _ text: String, _ behavior: MailFromSettings.Behavior, of domain: Domain
    ) async throws(Problem) -> SendingIdentity {
        guard let mailFrom = try? Domain(parsing: text), mailFrom.parents.contains(domain.ascii)
        else { throw .notBelow(identity: domain.ascii) }
        let now = time.now()
        return try await change(domain.ascii) { identity in
            // The same domain again: its records are looked for anew only where they were given up.
            if identity.mailFrom?.domain == mailFrom.ascii,
                identity.mailFrom?.watch.status != .failed
            {
                identity.mailFrom?.behavior = behavior
            } else {
                identity.mailFrom = MailFromSettings(
                    domain: mailFrom.ascii, behavior: behavior, watch: .pending(from: now))
            }
        }
    }

    private static let configurationSetNameBytesMax = 64

    /// Nil: none. SES: `PutEmailIdentityConfigurationSetAttributes`
    package func setConfigurationSet(
        _ set: String?, of domain: Domain
    ) async throws(Problem) -> SendingIdentity {
        if let set {
            let bytes = set.utf8
            guard (1...Self.configurationSetNameBytesMax).contains(bytes.count),
                bytes.allSatisfy({
                    $0.isASCIILetter || $0.isASCIIDigit || $0 == UInt8(ascii: "_")
                        || $0 == UInt8(ascii: "-")
                })
            else { throw .configurationSet }
        }
        return try await change(domain.ascii) { $0.configurationSet = set }
    }

    package func clearMailFrom(of domain: Domain) async throws(Problem) -> SendingIdentity {
        try await change(domain.ascii) { $0.mailFrom = nil }
    }

    private func change(
        _ name: String, _ body: (inout SendingIdentity) -> Void
    ) async throws(Problem) -> SendingIdentity {
        do throws(StorageFailure) {
            if let identity = try await identities.change(name, body) { return identity }
        } catch {
            throw .storage(error)
        }
        throw .gone
    }
}

extension SendingIdentity {
    /// Those of Easy DKIM while it is wanted.
    fileprivate var easyKeys: [DKIMKeyRecord] {
        dkim?.origin == .easy ? keys.filter { $0.facts.origin == .easy } : []
    }

    /// `key`, new or from before, follows what signs now. Those brought before it that sign go on,
    /// while their records are there; others sign no more, as nobody is to wait for them.
    fileprivate mutating func bring(_ key: DKIMKeyRecord, at now: Timestamp) {
        let brought = keys.indices.filter {
            keys[$0].facts.state == .active && keys[$0].facts.origin == .external
        }
        var watch = RecordWatch.pending(from: now)
        if let old = dkim, old.origin == .external, old.watch.status.isUsable {
            watch = old.watch
            watch.nextCheckAt = now
        } else if brought.contains(where: { keys[$0].facts.foundAt != nil }) {
            watch.status = .success
        } else {
            for index in brought {
                keys[index].facts.state = .retiring
                keys[index].facts.since = now
            }
        }
        var key = keys.first { $0.selector == key.selector } ?? key
        if key.facts.state == .retiring || key.facts.state == .retired {
            key.facts.state = .pending
            key.facts.since = now
            key.facts.foundAt = nil
        }
        keys.removeAll { $0.selector == key.selector }
        switchKeys(to: .external, [key])
        dkim = DKIMSettings(origin: .external, isEnabled: dkim?.isEnabled ?? true, watch: watch)
    }

    /// New keys beside those that sign, and those that did; what has not signed yet never will. One
    /// that is brought takes the place of the one before, whose record may never come.
    fileprivate mutating func switchKeys(
        to origin: DKIMKeyRecord.Origin, _ fresh: [DKIMKeyRecord]
    ) {
        keys.removeAll {
            $0.facts.state == .pending && ($0.facts.origin != origin || origin == .external)
        }
        keys = (keys + fresh).sorted { $0.selector < $1.selector }
    }
}

package import DNS
package import MailAuthentication
package import MailModel
package import Storage

/// Asks the verifiers who sent a mail: the one order in which they are asked.
///
/// What a policy may refuse a mail for (`origin`) is apart from the rest (`way`), so that a session
/// waits for no more than that.
package struct MailAuthenticator: Sendable {
    /// Who handed the mail over, and what it said of itself.
    package struct Client: Sendable {
        package var address: IPAddress
        package var helo: String
        package var mailFrom: ReversePath
        /// As far as it is known already.
        package var name: PeerName

        package init(
            address: IPAddress, helo: String, mailFrom: ReversePath, name: PeerName = .unknown
        ) {
            self.address = address
            self.helo = helo
            self.mailFrom = mailFrom
            self.name = name
        }

        /// Nil where the peer's address is none: nobody is let in so, but a mail's file has none.
        package init?(_ envelope: ReceivedEnvelope) {
            guard let address = IPAddress(envelope.peerAddress) else { return nil }
            self.init(
                address: address, helo: envelope.helo, mailFrom: envelope.mailFrom,
                name: envelope.peerName)
        }
    }

    /// What says something of the way that a mail came, and decides nothing.
    package struct Way: Sendable {
        /// Nil where HELO has no domain that could have a record, and of a null path, for which it
        /// was asked already. RFC 7208 §2.3
        package var helo: SPFOutcome?
        package var arc: ARCOutcome
        package var reverseLookup: ReverseLookup?
    }

    package typealias Author = Result<Domain, AuthorDomainDefect>

    private let resolver: TimelyResolver
    private let time: any TimeSource
    private let spf: SPFVerifier
    private let dkim: DKIMVerifier
    private let arc: ARCVerifier
    private let dmarc: DMARCVerifier

    /// `receiver` is who checks: of SPF's `%{r}`. DMARC is done by `rules`.
    package init(
        resolver: any DNSResolver, rsa: any RSACryptography, time: any TimeSource,
        receiver: Domain, rules: DMARCRules = .rfc9989
    ) {
        let resolver = TimelyResolver(resolver: resolver, time: time)
        self.resolver = resolver
        self.time = time
        spf = SPFVerifier(resolver: resolver, time: time, receiver: receiver)
        dkim = DKIMVerifier(resolver: resolver, rsa: rsa, time: time)
        arc = ARCVerifier(resolver: resolver, rsa: rsa, time: time)
        dmarc = DMARCVerifier(resolver: resolver, time: time, rules: rules)
    }

    /// All of it, for who wants to know: `ARCOutcome.oldestPass`, too. Without a client, as far as
    /// the mail itself tells.
    package func explain(
        _ mail: SignedMail, by author: Author, from client: Client?
    ) async -> AuthenticationVerdicts {
        var verdicts = await check(mail, by: author, from: client)
        verdicts.arc = await resolver.bounded { await arc.verify(mail, findsOldestPass: true) }
        return verdicts
    }

    /// All of it. Without a client, as far as the mail itself tells.
    package func check(
        _ mail: SignedMail, by author: Author, from client: Client?
    ) async -> AuthenticationVerdicts {
        async let way = way(of: mail, from: client)
        var verdicts = await origin(of: mail, by: author, from: client)
        let found = await way
        verdicts.helo = found.helo
        verdicts.arc = found.arc
        verdicts.reverseLookup = found.reverseLookup
        return verdicts
    }

    /// SPF of MAIL FROM, DKIM, and DMARC, which rests on the two.
    package func origin(
        of mail: SignedMail, by author: Author, from client: Client?
    ) async -> AuthenticationVerdicts {
        await resolver.bounded { await askOrigin(of: mail, by: author, from: client) }
    }

    private func askOrigin(
        of mail: SignedMail, by author: Author, from client: Client?
    ) async -> AuthenticationVerdicts {
        async let signatures = dkim.verify(mail)
        var sent: SPFOutcome?
        if let client {
            sent = await spf.check(
                SPFSender(client.address, helo: client.helo, mailFrom: client.mailFrom))
        }
        let signed = await signatures.map { $0.accepted(for: mail) }
        return AuthenticationVerdicts(
            spf: sent, dkim: signed,
            dmarc: await dmarc.check(author, DMARCEvidence(spf: sent, dkim: signed)))
    }

    package func way(of mail: SignedMail, from client: Client?) async -> Way {
        await resolver.bounded { await askWay(of: mail, from: client) }
    }

    private func askWay(of mail: SignedMail, from client: Client?) async -> Way {
        async let chain = arc.verify(mail)
        guard let client else { return Way(arc: await chain) }
        async let greeting = helo(of: client)
        let lookup = await reverseLookup(of: client)
        return Way(helo: await greeting, arc: await chain, reverseLookup: lookup)
    }

    private func helo(of client: Client) async -> SPFOutcome? {
        let sender = SPFSender(client.address, helo: client.helo)
        guard client.mailFrom != .null, sender.domain != nil else { return nil }
        return await spf.check(sender)
    }

    /// What was known when the mail began, or else what is found now.
    private func reverseLookup(of client: Client) async -> ReverseLookup {
        switch client.name {
        case .verified(let name): .found(.confirmed(name))
        case .unconfirmed(let name): .found(.unconfirmed(name))
        case .absent: .found(.absent)
        case .unknown:
            await ReverseLookup.check(client.address, resolver: resolver, time: time)
        }
    }
}

import DNS
import DNSClient
import LibCrypto
import MailAuthentication
package import MailModel

/// Checks who sent the mail in a file as the server would, and tells each step: for people who want
/// to know why.
package struct AuthenticationInspection: Sendable, Codable {
    package struct Check: Sendable, Codable {
        /// `spf`, `dkim`, `arc`, `dmarc` or `iprev`.
        package var method: String
        /// RFC 8601's word.
        package var result: String
        package var reason: String
        /// What was asked, read and computed, in order.
        package var steps: [String]
    }

    /// What the session would have known; a mail's file does not.
    package struct Envelope: Sendable {
        /// Nil: SPF and the client's name are not asked for.
        package var address: IPAddress?
        package var helo: String
        package var mailFrom: ReversePath

        package init(address: IPAddress?, helo: String, mailFrom: ReversePath) {
            self.address = address
            self.helo = helo
            self.mailFrom = mailFrom
        }
    }

    package var checks: [Check]

    /// `mail` with any line ends: a file's bare line feeds stand for CRLF. Without a configuration
    /// the system's servers are asked. Throws `Server.Failure`.
    package init(
        of mail: [UInt8], _ envelope: Envelope, by configuration: Configuration?
    ) async throws {
        let resolver: UnboundResolver
        do throws(UnboundResolver.SetUpFailure) {
            resolver = try UnboundResolver(configuration?.dns ?? UnboundSettings())
        } catch {
            throw Server.Failure(description: "dns: \(error)")
        }
        checks = await Self.checks(
            Self.withLineEnds(mail), envelope, resolver,
            receiver: configuration?.hostname ?? "localhost")
        await resolver.close()
    }

    private static func checks(
        _ mail: [UInt8], _ envelope: Envelope, _ resolver: UnboundResolver, receiver: String
    ) async -> [Check] {
        let (time, rsa) = (SystemTime(), LibCryptoRSA())
        var checks: [Check] = []
        var sent: SPFOutcome?
        if let address = envelope.address {
            let name = await ReverseLookup.check(address, resolver: resolver, time: time)
            checks.append(
                Check(
                    method: "iprev", result: name.result.rawValue, reason: name.description,
                    steps: []))
            let outcome = await SPFVerifier(
                resolver: resolver, time: time, receiver: Domain(validatedASCII: receiver)
            ).check(SPFSender(address, helo: envelope.helo, mailFrom: envelope.mailFrom))
            checks.append(
                Check(
                    method: "spf", result: outcome.result.rawValue,
                    reason: outcome.reason.description,
                    steps: outcome.steps.map(\.description)))
            sent = outcome
        }
        let signed = SignedMail(mail)
        let signatures = await DKIMVerifier(resolver: resolver, rsa: rsa, time: time).verify(signed)
        for outcome in signatures {
            checks.append(
                Check(
                    method: outcome.domain.map { "dkim \($0.ascii)" } ?? "dkim",
                    result: outcome.result.rawValue, reason: outcome.reason.description,
                    steps: outcome.steps.map(\.description)))
        }
        let chain = await ARCVerifier(resolver: resolver, rsa: rsa, time: time)
            .verify(signed, findsOldestPass: true)
        checks.append(
            Check(
                method: "arc", result: chain.result.rawValue, reason: chain.reason.description,
                steps: chain.steps.map(\.description)))
        let author: Result<Domain, AuthorDomainDefect> = Result {
            () throws(AuthorDomainDefect) in
            try AuthorDomain.find(in: HeaderBlock(mail[...]))
        }
        let aligned = await DMARCVerifier(resolver: resolver, time: time).check(
            author, DMARCEvidence(spf: sent, dkim: signatures))
        checks.append(
            Check(
                method: "dmarc", result: aligned.result.rawValue,
                reason: aligned.reason.description, steps: aligned.steps.map(\.description)))
        return checks
    }

    /// Signatures are made over CRLF; most tools keep mails with bare line feeds.
    private static func withLineEnds(_ mail: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(mail.count + mail.count / 32)
        var last: UInt8 = 0
        for byte in mail {
            if byte == UInt8(ascii: "\n"), last != UInt8(ascii: "\r") {
                output.append(UInt8(ascii: "\r"))
            }
            output.append(byte)
            last = byte
        }
        return output
    }
}

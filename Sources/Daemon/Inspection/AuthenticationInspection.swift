import LibCrypto
import MailAuthentication
package import MailFlow
import MailModel

/// Checks who sent the mail in a file as the server would, and tells each step: for people who want
/// to know why.
package struct AuthenticationInspection: Sendable, Codable {
    package struct Check: Sendable, Codable {
        /// `iprev`, `spf`, `helo` (SPF of that name), `dkim` with its domain, `arc` or `dmarc`.
        package var method: String
        /// RFC 8601's word.
        package var result: String
        package var reason: String
        /// What was asked, read and computed, in order.
        package var steps: [String]

        init(
            _ method: String, _ result: String, _ reason: some CustomStringConvertible,
            _ steps: [some CustomStringConvertible]
        ) {
            self.method = method
            self.result = result
            self.reason = reason.description
            self.steps = steps.map(\.description)
        }
    }

    package var checks: [Check]
    /// All of it as other receivers write it into mails: the whole field, its lines ended by LF
    /// alone. RFC 8601
    package var authenticationResults: String

    /// `mail` with any line ends. Without a client, SPF and its name are not asked for; without a
    /// configuration the system's servers are asked. With a public suffix list DMARC is RFC 7489's,
    /// as receivers do it that know no newer one. Throws `Server.Failure`.
    package init(
        of mail: [UInt8], from client: MailAuthenticator.Client?, by configuration: Configuration?,
        publicSuffixes: [UInt8]? = nil
    ) async throws {
        let mail = MailInFile.withLineEnds(mail)
        let rules = try publicSuffixes.map(Self.rules) ?? .rfc9989
        let verdicts = try await MailInFile.asking(configuration) { resolver in
            let author = Result { () throws(AuthorDomainDefect) in
                try AuthorDomain.find(in: HeaderBlock(mail[...]))
            }
            return await MailAuthenticator(
                resolver: resolver, rsa: LibCryptoRSA(), time: SystemTime(),
                receiver: Domain(validatedASCII: configuration?.hostname ?? "localhost"),
                rules: rules
            ).explain(SignedMail(mail), by: author, from: client)
        }
        checks = Self.checks(verdicts)
        let field = verdicts.results(
            by: configuration?.authentication.name ?? "localhost",
            envelopeFrom: client?.mailFrom.wireText ?? ""
        ).field
        authenticationResults = field.split(separator: "\r\n").joined(separator: "\n")
    }

    /// A list may be newer than we are: so many rules stand to one line that is none. Other files
    /// have more of those.
    private static let unusableShare = 100

    private static func rules(_ list: [UInt8]) throws -> DMARCRules {
        let list = PublicSuffixList(list)
        guard list.rulesCount > 0 else {
            throw Server.Failure(
                description: "the public suffix list has no rule, of which each has a line: co.uk")
        }
        guard list.unusableCount * unusableShare <= list.rulesCount else {
            throw Server.Failure(
                description: "this is no public suffix list: of its lines, "
                    + "\(list.unusableCount) are neither a rule (co.uk) nor a comment (// …)")
        }
        return .rfc7489(list)
    }

    private static func checks(_ verdicts: AuthenticationVerdicts) -> [Check] {
        var checks: [Check] = []
        if let name = verdicts.reverseLookup {
            checks.append(Check("iprev", name.result.rawValue, name, [] as [String]))
        }
        for (method, outcome) in [("spf", verdicts.spf), ("helo", verdicts.helo)] {
            guard let outcome else { continue }
            checks.append(Check(method, outcome.result.rawValue, outcome.reason, outcome.steps))
        }
        for outcome in verdicts.dkim {
            checks.append(
                Check(
                    outcome.domain.map { "dkim \($0.ascii)" } ?? "dkim", outcome.result.rawValue,
                    outcome.reason, outcome.steps))
        }
        if let chain = verdicts.arc {
            checks.append(Check("arc", chain.result.rawValue, chain.reason, chain.steps))
        }
        let dmarc = verdicts.dmarc
        checks.append(Check("dmarc", dmarc.result.rawValue, dmarc.reason, dmarc.steps))
        return checks
    }
}

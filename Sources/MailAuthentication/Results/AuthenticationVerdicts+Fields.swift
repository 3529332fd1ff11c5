import MailModel

extension AuthenticationVerdicts {
    /// The results in the form of RFC 8601: every method that was asked, with what it was asked
    /// about. `envelopeFrom` is the address of MAIL FROM; empty for the null path.
    package func results(by authenticator: String, envelopeFrom: String) -> AuthenticationResults {
        var methods: [AuthenticationResults.Method] = []
        if let reverseLookup { methods.append(method(of: reverseLookup)) }
        if let spf { methods.append(Self.method(of: spf, envelopeFrom)) }
        if let helo {
            methods.append(
                .init(
                    "spf", helo.result.rawValue, reason: Self.reason(helo),
                    [.init("smtp", "helo", helo.sender.helo)]))
        }
        methods += dkim.map(\.method)
        methods.append(dmarcMethod)
        if let arc, arc.result != .none { methods.append(Self.method(of: arc)) }
        return AuthenticationResults(authenticator, methods)
    }

    private func method(of lookup: ReverseLookup) -> AuthenticationResults.Method {
        .init(
            "iprev", lookup.result.rawValue, comment: lookup.name?.ascii,
            reason: lookup.result == .pass ? nil : lookup.description,
            spf.map { [.init("policy", "iprev", $0.sender.address.description)] } ?? [])
    }

    private static func reason(_ outcome: SPFOutcome) -> String? {
        switch outcome.result {
        case .temperror, .permerror: outcome.reason.description
        case .none, .neutral, .pass, .fail, .softfail: nil
        }
    }

    /// RFC 8601 §2.7.2: of a null path, the HELO name was asked for.
    private static func method(
        of spf: SPFOutcome, _ envelopeFrom: String
    ) -> AuthenticationResults.Method {
        let property: AuthenticationResults.Property =
            envelopeFrom.isEmpty
            ? .init("smtp", "helo", spf.sender.helo) : .init("smtp", "mailfrom", envelopeFrom)
        return .init("spf", spf.result.rawValue, reason: reason(spf), [property])
    }

    private var dmarcMethod: AuthenticationResults.Method {
        var properties: [AuthenticationResults.Property] = []
        if let domain = dmarc.authorDomain {
            properties.append(.init("header", "from", domain.ascii))
        }
        if let policy = dmarc.policy {
            properties.append(.init("policy", "published-domain-policy", policy.rawValue))
        }
        let isError = dmarc.result == .permerror || dmarc.result == .temperror
        return .init(
            "dmarc", dmarc.result.rawValue, reason: isError ? dmarc.reason.description : nil,
            properties)
    }

    private static func method(of arc: ARCOutcome) -> AuthenticationResults.Method {
        .init(
            "arc", arc.result.rawValue,
            reason: arc.result == .pass ? nil : arc.reason.description)
    }

    // MARK: As SES writes them

    /// The body of SES's Authentication-Results, with its final semicolon, folded as SES does:
    /// without the signatures where there is none, and with SPF's pairs of Received-SPF. These make
    /// it none that RFC 8601 knows: who wants to read it, looks for `spf=`, `dkim=` and `dmarc=`, so
    /// nothing of a sender's gets in that could be found so. It is ASCII.
    /// `received` says what `spf` found.
    package func receiptText(by authenticator: String, _ received: ReceivedSPF?) -> String {
        var clauses = [FieldValue.token(authenticator)]
        if let spf, let received {
            clauses.append("spf=\(spf.result.rawValue) \(received.detail)")
        }
        for outcome in dkim where outcome.result != .none {
            clauses.append("dkim=\(outcome.result.rawValue)\(outcome.receiptDetail)")
        }
        let author = dmarc.authorDomain.map { " header.from=\(FieldValue.token($0.ascii))" }
        clauses.append("dmarc=\(dmarc.result.rawValue)\(author ?? "")")
        return clauses.joined(separator: ";\r\n ") + ";"
    }
}

extension DKIMOutcome {
    /// What stands behind the result in SES's form: whose signature is good, or why a good one is
    /// not accepted.
    fileprivate var receiptDetail: String {
        switch result {
        case .pass: identity.map { " header.i=\(FieldValue.searchableIdentity($0))" } ?? ""
        case .policy: " \(FieldValue.comment(reason.description))"
        default: ""
        }
    }

    fileprivate var method: AuthenticationResults.Method {
        var properties: [AuthenticationResults.Property] = []
        if let domain { properties.append(.init("header", "d", domain.ascii)) }
        if let identity { properties.append(.init("header", "i", identity)) }
        if let selector { properties.append(.init("header", "s", selector)) }
        if let algorithm { properties.append(.init("header", "a", algorithm)) }
        if let signatureStart { properties.append(.init("header", "b", signatureStart)) }
        return .init(
            "dkim", result.rawValue, comment: keyBits.map { "\($0)-bit key" },
            reason: result == .pass || result == .none ? nil : reason.description, properties)
    }
}

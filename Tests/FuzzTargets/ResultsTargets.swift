import DNS
import MailAuthentication
import MailModel
import TestSupport

extension FuzzTarget {
    /// A DMARC record: what was read is read again from what it says, and the verdict on a mail
    /// that fails keeps to its record under both RFCs.
    static let dmarcRecord = FuzzTarget("dmarc-record") { bytes in
        if DMARCRecord.isRecord(bytes) {
            let record = DMARCRecord(bytes)
            let text = Results.text(of: record)
            try require(DMARCRecord.isRecord(text), "no record any more")
            let again = DMARCRecord(text)
            try requireEqual(again.defects, [], "defects of what was read")
            try requireEqual(Results.text(of: again), text, "a record read again")
        }
        for rules in [DMARCRules.rfc9989, .rfc7489(PublicSuffixList([]))] {
            try Results.checkVerdict(bytes, rules)
        }
    }

    /// The body of an Authentication-Results field: it is written in lines that a mail may have,
    /// and says the same when it is read again.
    static let authenticationResults = FuzzTarget("authentication-results") { bytes in
        guard let results = try? AuthenticationResults(parsing: bytes[...]) else { return }
        try require(
            ForgedResults(ofOurs: [results.authenticator]).isForged(bytes[...]),
            "results by ours that are not held to be")
        for line in results.field.split(separator: "\r\n", omittingEmptySubsequences: false) {
            try require((1...998).contains(line.utf8.count), "a line of \(line.utf8.count) bytes")
            try require(
                line.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control },
                "a control in \(line)")
        }
        let again = try AuthenticationResults(parsing: Array(results.text.utf8)[...])
        try requireEqual(again.text, results.text, "written again")
        try requireEqual(again.methods.count, results.methods.count, "methods")
        for (left, right) in zip(again.methods, results.methods) {
            try requireEqual(left.properties.count, right.properties.count, "properties")
            try requireEqual(left.version, right.version, "versions")
        }
    }

    /// A domain in the first line, a public suffix list in the next: what is registrable is what
    /// the algorithm of publicsuffix.org finds by trying every rule, in any order of them.
    static let publicSuffixList = FuzzTarget("public-suffix-list") { bytes in
        let first = bytes.prefix { $0 != 0x0A }
        guard let domain = try? Domain(parsing: String(decoding: first, as: UTF8.self)) else {
            return
        }
        let lines = bytes[first.endIndex...].split { $0 == 0x0A || $0 == 0x0D }
        let list = PublicSuffixList(Array(lines.joined(separator: [0x0A])))
        let found = list.registrableDomain(of: domain)
        try requireEqual(found, Results.registrable(domain, lines), "by every rule")
        let turned = PublicSuffixList(Array(lines.reversed().joined(separator: [0x0D, 0x0A])))
        try requireEqual(turned.registrableDomain(of: domain), found, "with the rules turned")
        try require(list.unusableCount <= lines.count, "more that is no rule than lines")
        guard let found else { return }
        try require(found == domain || domain.isBelow(found), "\(found) is not above \(domain)")
        try requireEqual(list.registrableDomain(of: found), found, "of what is registrable")
    }
}

private enum Results {
    static func text(of record: DMARCRecord) -> [UInt8] {
        var tags = ["v=DMARC1"]
        if let policy = record.policy { tags.append("p=\(policy.rawValue)") }
        if let policy = record.subdomainPolicy { tags.append("sp=\(policy.rawValue)") }
        if let policy = record.nonexistentPolicy { tags.append("np=\(policy.rawValue)") }
        tags += [
            "adkim=\(record.dkimAlignment.rawValue)", "aspf=\(record.spfAlignment.rawValue)",
            "psd=\(record.publicSuffix.rawValue)", "t=\(record.isTesting ? "y" : "n")",
            "pct=\(record.percent)", "ri=\(record.reportSeconds)",
            "fo=\(record.failureOptions.map(\.rawValue).joined(separator: ":"))",
        ]
        if !record.aggregateReports.isEmpty {
            tags.append("rua=\(record.aggregateReports.joined(separator: ","))")
        }
        if !record.failureReports.isEmpty {
            tags.append("ruf=\(record.failureReports.joined(separator: ","))")
        }
        return Array(tags.joined(separator: "; ").utf8)
    }

    static func checkVerdict(_ bytes: [UInt8], _ rules: DMARCRules) throws {
        let zone = ZoneResolver()
        let (author, parent) = (
            Domain(validatedASCII: "news.sender.example"), Domain(validatedASCII: "sender.example")
        )
        zone.put("_dmarc.sender.example", .txt, [.text([bytes])])
        let outcomes = try CallersThread.run {
            let verifier = DMARCVerifier(resolver: zone, time: ManualTime(), rules: rules)
            return [
                await verifier.check(.success(author), DMARCEvidence(passed: [])),
                await verifier.check(
                    .success(author), DMARCEvidence(passed: [.init(.spf, parent)])),
                await verifier.check(
                    .success(author), DMARCEvidence(passed: [.init(.spf, author)])),
            ]
        }
        try require(zone.asked.count <= 3 * 20, "\(zone.asked.count) questions")
        let isRecord = DMARCRecord.isRecord(bytes)
        for outcome in outcomes {
            try requireEqual(outcome.record != nil, isRecord, "a record of \(outcome)")
            try requireEqual(
                outcome.policy != nil, isRecord && outcome.result != .permerror, "a policy")
            try require(outcome.result != .temperror, "\(outcome.reason)")
            let disposition = outcome.disposition(dice: 99)
            try require(
                disposition == .none || outcome.result == .fail, "\(outcome.result), disposed of")
        }
        guard isRecord, outcomes[0].result != .permerror else { return }
        try requireEqual(outcomes[0].result, .fail, "nothing passed")
        let isStrict = DMARCRecord(bytes).spfAlignment == .strict
        // The organization is the record's domain, unless that says that it is a public suffix.
        let isSuffix =
            if case .rfc9989 = rules { DMARCRecord(bytes).publicSuffix == .yes } else { false }
        try requireEqual(
            outcomes[1].result, isStrict || isSuffix ? .fail : .pass, "the parent passed")
        try requireEqual(outcomes[2].result, .pass, "the author passed")
    }

    /// https://publicsuffix.org/list/ as it is worded: every rule is tried.
    static func registrable(_ domain: Domain, _ lines: [ArraySlice<UInt8>]) -> Domain? {
        guard !domain.isAddressLiteral, IPAddress(domain.ascii) == nil else { return nil }
        let labels = domain.ascii.split(separator: ".")
        var lengths = [1]
        var exceptions: [Int] = []
        for line in lines {
            let text = line.drop { $0 == 0x20 || $0 == 0x09 }.prefix { $0 != 0x20 && $0 != 0x09 }
            guard !text.starts(with: "//".utf8), let rule = String(validating: text, as: UTF8.self)
            else { continue }
            let isException = rule.hasPrefix("!")
            let isWildcard = !isException && rule.hasPrefix("*.")
            let name = rule.dropFirst(isException ? 1 : isWildcard ? 2 : 0)
            guard let parsed = try? Domain(parsing: String(name)) else { continue }
            var wanted = parsed.ascii.split(separator: ".")
            if isWildcard { wanted.insert("*", at: 0) }
            let pairs = zip(wanted.reversed(), labels.reversed())
            let matches = pairs.allSatisfy { rule, label in rule == "*" || rule == label }
            guard matches, wanted.count <= labels.count else { continue }
            if isException {
                exceptions.append(wanted.count - 1)
            } else {
                lengths.append(wanted.count)
            }
        }
        let count = (exceptions.min() ?? lengths.max() ?? 1) + 1
        guard labels.count >= count else { return nil }
        let name = labels.suffix(count).joined(separator: ".")
        return IPAddress(name) == nil ? Domain(validatedASCII: name) : nil
    }
}

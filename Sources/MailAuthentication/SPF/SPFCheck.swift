import DNS
import MailModel

/// One run of `check_host()`, through all records that it comes to. RFC 7208 §4
struct SPFCheck: Sendable {
    private let sender: SPFSender
    private let receiver: Domain
    private var lookups: SPFLookups

    /// What the records say, and where the explanation of a `fail` would be.
    private struct Evaluation {
        var reason: SPFReason
        var explanation: MacroString?
        var domain: Domain
    }

    init(sender: SPFSender, receiver: Domain, lookups: SPFLookups) {
        self.sender = sender
        self.receiver = receiver
        self.lookups = lookups
    }

    mutating func run(_ domain: Domain, at now: Timestamp) async -> SPFOutcome {
        let values = SPFMacroValues(sender: sender, receiver: receiver, time: now)
        var explanation: String?
        let reason: SPFReason
        do throws(SPFReason) {
            let evaluation = try await evaluate(domain, values)
            reason = evaluation.reason
            // What an explanation asks for has bounds of its own.
            let counts = (lookups.termsCount, lookups.voidCount)
            (lookups.termsCount, lookups.voidCount) = (0, 0)
            if reason.result == .fail, let text = evaluation.explanation {
                explanation = await explain(text, values, of: evaluation.domain)
            }
            (lookups.termsCount, lookups.voidCount) = counts
        } catch {
            reason = error
        }
        var outcome = SPFOutcome(reason.result, reason, sender)
        outcome.lookupsCount = lookups.termsCount
        outcome.voidLookupsCount = lookups.voidCount
        outcome.explanation = explanation
        outcome.steps = lookups.steps + [.ended(reason, lookups: lookups.termsCount)]
        return outcome
    }

    // MARK: Records

    private mutating func evaluate(
        _ domain: Domain, _ values: SPFMacroValues
    ) async throws(SPFReason) -> Evaluation {
        guard let record = try await record(of: domain) else {
            return Evaluation(reason: .noRecord(domain), domain: domain)
        }
        for directive in record.directives {
            let isMatch = try await matches(directive, in: domain, values)
            if isMatch || directive.mechanism.isTraced {
                lookups.steps.append(
                    .mechanism(directive.text, in: domain, isMatch: isMatch))
            }
            guard isMatch else { continue }
            return Evaluation(
                reason: .matched(directive.result, mechanism: directive.text, in: domain),
                explanation: record.explanation, domain: domain)
        }
        guard let redirect = record.redirect else {
            return Evaluation(reason: .nothingMatched(in: domain), domain: domain)
        }
        return try await follow(redirect, in: domain, values)
    }

    /// RFC 7208 §6.1: the other domain's record stands for this one, with its explanation.
    private mutating func follow(
        _ redirect: MacroString, in domain: Domain, _ values: SPFMacroValues
    ) async throws(SPFReason) -> Evaluation {
        try lookups.countTerm()
        guard let target = try await lookups.name(redirect, values, in: domain) else {
            throw .noRecordAtTarget("redirect=", in: domain)
        }
        lookups.steps.append(.redirected(to: target))
        let evaluation = try await evaluate(target, values)
        if case .noRecord = evaluation.reason {
            throw .noRecordAtTarget("redirect=\(target)", in: domain)
        }
        return evaluation
    }

    /// RFC 7208 §4.4, RFC 7208 §4.5
    private mutating func record(of domain: Domain) async throws(SPFReason) -> SPFRecord? {
        guard domain.ascii.contains(".") else { return nil }
        let records: [DNSRecord]
        do throws(SPFLookups.Failure) {
            records = try await lookups.ask(domain, .txt)
        } catch {
            throw error.reason
        }
        let texts = records.compactMap(\.joinedText).filter(SPFRecord.isRecord)
        guard let text = texts.first else { return nil }
        guard texts.count == 1 else { throw .severalRecords(domain) }
        do throws(SPFRecordDefect) {
            return try SPFRecord(text)
        } catch {
            throw .record(error, in: domain)
        }
    }

    // MARK: Mechanisms

    /// RFC 7208 §5
    private mutating func matches(
        _ directive: SPFDirective, in domain: Domain, _ values: SPFMacroValues
    ) async throws(SPFReason) -> Bool {
        switch directive.mechanism {
        case .all: return true
        case .network(let network): return network.contains(sender.address)
        case .include(let target):
            return try await includes(target, directive, in: domain, values)
        case .address(let target, let lengths):
            guard let name = try await name(target, in: domain, values) else { return false }
            return try await hasAddress(name, lengths)
        case .exchanger(let target, let lengths):
            guard let name = try await name(target, in: domain, values) else { return false }
            return try await hasExchanger(name, lengths)
        case .pointer(let target):
            guard let name = try await name(target, in: domain, values) else { return false }
            return try await lookups.validatedNames().contains { $0 == name || $0.isBelow(name) }
        case .exists(let target):
            guard let name = try await name(target, in: domain, values) else { return false }
            return try await !lookups.askForTerm(name, .a).isEmpty
        }
    }

    /// Counts the term, and says which name it is about; nil where there can be none, which finds
    /// nothing as a name that does not exist.
    private mutating func name(
        _ target: MacroString?, in domain: Domain, _ values: SPFMacroValues
    ) async throws(SPFReason) -> Domain? {
        try lookups.countTerm()
        guard let target else { return domain }
        if let name = try await lookups.name(target, values, in: domain) { return name }
        try lookups.countVoid()
        return nil
    }

    /// RFC 7208 §5.2
    private mutating func includes(
        _ target: MacroString, _ directive: SPFDirective, in domain: Domain,
        _ values: SPFMacroValues
    ) async throws(SPFReason) -> Bool {
        try lookups.countTerm()
        guard let name = try await lookups.name(target, values, in: domain) else {
            throw .noRecordAtTarget(directive.text, in: domain)
        }
        let evaluation = try await evaluate(name, values)
        if case .noRecord = evaluation.reason {
            throw .noRecordAtTarget(directive.text, in: domain)
        }
        return evaluation.reason.result == .pass
    }

    private mutating func hasAddress(
        _ name: Domain, _ lengths: SPFPrefixLengths
    ) async throws(SPFReason) -> Bool {
        let bits = sender.address.isIPv6 ? lengths.ip6 : lengths.ip4
        return try await lookups.addresses(of: name).contains {
            $0.bytes.count == sender.address.bytes.count
                && $0.bytes.hasSamePrefix(as: sender.address.bytes, bits: bits)
        }
    }

    /// RFC 7208 §5.4
    private mutating func hasExchanger(
        _ name: Domain, _ lengths: SPFPrefixLengths
    ) async throws(SPFReason) -> Bool {
        let records = try await lookups.askForTerm(name, .mx)
        guard records.count <= SPFVerifier.namesMax else { throw .tooManyExchangers(of: name) }
        for record in records {
            guard case .exchange(_, let host?) = record else { continue }
            if try await hasAddress(host, lengths) { return true }
        }
        return false
    }

    // MARK: The explanation

    /// Anything that goes wrong leaves it out; nothing of it counts. RFC 7208 §6.2
    private mutating func explain(
        _ target: MacroString, _ values: SPFMacroValues, of domain: Domain
    ) async -> String? {
        guard let name = try? await lookups.name(target, values, in: domain) else { return nil }
        let text = await explanation(at: name, values, of: domain)
        lookups.steps.append(.explanation(from: name, text))
        return text
    }

    private mutating func explanation(
        at name: Domain, _ values: SPFMacroValues, of domain: Domain
    ) async -> String? {
        guard let records = try? await lookups.ask(name, .txt), records.count == 1,
            let text = records[0].joinedText, let string = MacroString(text[...], .explanation),
            let expanded = try? await lookups.expand(string, values, in: domain),
            !expanded.isEmpty, expanded.count <= SPFVerifier.explanationBytesMax,
            expanded.allSatisfy({ (0x20...0x7E).contains($0) })
        else { return nil }
        return String(decoding: expanded, as: UTF8.self)
    }
}

extension SPFMechanism {
    /// Whether a trace tells that it did not match: a record may have a thousand networks.
    fileprivate var isTraced: Bool {
        switch self {
        case .all, .network: false
        case .include, .address, .exchanger, .pointer, .exists: true
        }
    }
}

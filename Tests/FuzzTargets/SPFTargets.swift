import DNS
import MailAuthentication
import MailModel
import Synchronization
import TestSupport

extension FuzzTarget {
    /// A domain's record in the first line, and those of all others in the next: the check ends
    /// within its limits, whatever the DNS says, and spaces between terms mean nothing.
    static let spfRecord = FuzzTarget("spf-record") { bytes in
        let outcome = try SPF.outcome(bytes)
        try requireEqual(try SPF.outcome(bytes), outcome, "the same again")
        let record = bytes.prefix { $0 != 0x0A }
        var spaced = record.flatMap { $0 == 0x20 ? [$0, $0] : [$0] }
        if record.starts(with: "v=spf1 ".utf8) { spaced.append(0x20) }
        try requireEqual(
            try SPF.outcome(spaced + bytes[record.endIndex...]).result, outcome.result,
            "with more space")
    }

    /// A macro string, as a domain and as an explanation: it becomes what another reading of
    /// RFC 7208 §7 makes of it, or is refused where that refuses it.
    static let spfMacros = FuzzTarget("spf-macros") { bytes in
        try SPF.checkDomain(bytes)
        try SPF.checkExplanation(bytes)
    }
}

private enum SPF {
    static let domain = Domain(validatedASCII: "email.example.com")
    private static let now = Timestamp(milliseconds: 1_790_000_000_000)
    private static let receiver = Domain(validatedASCII: "mx.ours.example")
    /// One for the record, eleven for each term and for the client's names, one to explain it.
    private static let questionsMax = 1 + 11 * SPFVerifier.lookupsMax + 11 + 1

    static func check(_ resolver: ManyNames) throws -> SPFOutcome {
        guard let address = IPAddress(Reference.address) else { throw FuzzFind("no address") }
        let outcome = try CallersThread.run {
            await SPFVerifier(resolver: resolver, time: ManualTime(now), receiver: receiver).check(
                SPFSender(address, helo: Reference.helo, mailFrom: Reference.sender))
        }
        try requireEqual(outcome.result, outcome.reason.result, "the word of \(outcome.reason)")
        try require(
            outcome.lookupsCount <= SPFVerifier.lookupsMax, "more lookups than there may be")
        try require(
            outcome.voidLookupsCount <= SPFVerifier.voidLookupsMax
                || outcome.reason == .tooManyVoidLookups, "more void lookups than there may be")
        let asked = resolver.asked
        try require(asked.count <= questionsMax, "\(asked.count) questions")
        for name in asked {
            try requireEqual(Domain(queryName: name.ascii.utf8), name, "a name that was asked for")
        }
        for step in outcome.steps {
            try require(isPrintable("\(step)"), "a step that does not print")
        }
        guard let explanation = outcome.explanation else { return outcome }
        try require(outcome.result == .fail, "an explanation of \(outcome.result)")
        try require(
            isPrintable(explanation)
                && explanation.utf8.count <= SPFVerifier.explanationBytesMax, explanation)
        return outcome
    }

    private static func isPrintable(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
    }

    static func outcome(_ bytes: [UInt8]) throws -> SPFOutcome {
        let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init)
        return try check(ManyNames(texts: lines, of: domain))
    }

    // MARK: Macros

    static func checkDomain(_ bytes: [UInt8]) throws {
        guard !bytes.contains(0x20), !bytes.isEmpty else { return }
        let resolver = ManyNames(texts: [Array("v=spf1 exists:".utf8) + bytes], of: domain)
        let outcome = try check(resolver)
        let expanded = Reference.expand(bytes, isForPeople: false)
        switch outcome.reason {
        // It need not end as a domain does.
        case .record(let defect, _) where defect.fact == .unusableDomain: return
        case .record: return try requireEqual(expanded, nil, "a domain that was refused")
        case .tooManyLookups, .expansionTooLong: return
        default: break
        }
        guard let expanded else { throw FuzzFind("a domain that was not refused") }
        let name = Domain(queryName: Reference.shortened(expanded))
        // Those that a check asks for anyway.
        let others = [domain, Reference.reverseName, Domain(validatedASCII: Reference.clientName)]
        try requireEqual(
            resolver.asked.filter { !others.contains($0) },
            [name].compactMap(\.self).filter { !others.contains($0) }, "what was asked for")
    }

    static func checkExplanation(_ bytes: [UInt8]) throws {
        let record = Array("v=spf1 -all exp=why.example.com".utf8)
        let outcome = try check(ManyNames(texts: [record, bytes], of: domain))
        let expanded = Reference.expand(bytes, isForPeople: true)
        guard let explanation = outcome.explanation else {
            // A `%{p}` has a limit of its own.
            let mayBeNone = bytes.contains { $0 | 0x20 == UInt8(ascii: "p") }
            let length = expanded?.count ?? 0
            return try require(
                mayBeNone || length == 0 || length > SPFVerifier.explanationBytesMax,
                "no explanation")
        }
        try requireEqual(expanded, Array(explanation.utf8), "the explanation")
    }
}

/// Macros read in another way than ours: for the sender of RFC 7208 §7.4.
private enum Reference {
    static let sender = "strong-bad@email.example.com"
    static let helo = "mail.example.com"
    static let address = "192.0.2.3"
    static let clientName = "mx.example.org"
    static let reverseName = Domain(validatedASCII: "3.2.0.192.in-addr.arpa")

    private static func value(_ letter: Character, isForPeople: Bool) -> String? {
        switch letter {
        case "s": sender
        case "l": "strong-bad"
        case "o", "d": "email.example.com"
        case "i": address
        case "p": clientName
        case "v": "in-addr"
        case "h": helo
        case "c" where isForPeople: address
        case "r" where isForPeople: "mx.ours.example"
        case "t" where isForPeople: "1790000000"
        default: nil
        }
    }

    static func expand(_ bytes: [UInt8], isForPeople: Bool) -> [UInt8]? {
        let lowest: UInt8 = isForPeople ? 0x20 : 0x21
        guard bytes.allSatisfy({ (lowest...0x7E).contains($0) }) else { return nil }
        var pieces = String(decoding: bytes, as: UTF8.self)
            .split(separator: "%", omittingEmptySubsequences: false)[...]
        var output = String(pieces.removeFirst())
        while let piece = pieces.popFirst() {
            switch piece.first {
            case "_": output += " " + piece.dropFirst()
            case "-": output += "%20" + piece.dropFirst()
            case "{":
                // A macro holds no percent sign.
                guard let end = piece.firstIndex(of: "}"),
                    let text = macro(piece[..<end].dropFirst(), isForPeople: isForPeople)
                else { return nil }
                output += text + piece[end...].dropFirst()
            // Two percent signs, and what follows them.
            case nil:
                guard let next = pieces.popFirst() else { return nil }
                output += "%" + next
            default: return nil
            }
        }
        return Array(output.utf8)
    }

    private static func macro(_ text: Substring, isForPeople: Bool) -> String? {
        guard let letter = text.first,
            let value = value(Character(letter.lowercased()), isForPeople: isForPeople)
        else { return nil }
        let digits = text.dropFirst().prefix { $0.isASCII && $0.isNumber }
        var rest = text.dropFirst(1 + digits.count)
        let isReversed = rest.first == "r" || rest.first == "R"
        if isReversed { rest = rest.dropFirst() }
        guard rest.allSatisfy({ ".-+,/_=".contains($0) }),
            digits.isEmpty || digits.contains(where: { $0 != "0" })
        else { return nil }
        let delimiters = rest.isEmpty ? "." : rest
        var parts = value.split(omittingEmptySubsequences: false) { delimiters.contains($0) }
        if isReversed { parts.reverse() }
        if !digits.isEmpty { parts = parts.suffix(Int(digits) ?? .max) }
        let joined = parts.joined(separator: ".")
        guard letter.isUppercase else { return joined }
        return joined.map { $0.isLetter || $0.isNumber || "-._~".contains($0) ? "\($0)" : "%40" }
            .joined()
    }

    static func shortened(_ name: [UInt8]) -> [UInt8] {
        var rest = name
        if rest.last == 0x2E { rest.removeLast() }
        var labels = rest.split(separator: 0x2E, omittingEmptySubsequences: false)
        while labels.count > 1, rest.count > 253 {
            labels.removeFirst()
            rest = Array(labels.joined(separator: [0x2E]))
        }
        return rest
    }
}

/// A DNS in which every name exists in some way: what is said of it depends on the name alone.
private final class ManyNames: DNSResolver {
    private let texts: [[UInt8]]
    private let domain: Domain
    private let names = Mutex<[Domain]>([])

    /// The first text is the domain's, the others are those of other names.
    init(texts: [[UInt8]], of domain: Domain) {
        self.texts = texts
        self.domain = domain
    }

    var asked: [Domain] { names.withLock { $0 } }

    func ask(_ name: Domain, _ type: DNSRecordType) async throws(DNSFailure) -> DNSAnswer {
        names.withLock { $0.append(name) }
        let hash = name.ascii.utf8.reduce(7) { ($0 &* 31 &+ Int($1)) & 0xFFFF }
        if name == Reference.reverseName {
            return DNSAnswer(.records([.pointer(Domain(validatedASCII: Reference.clientName))]))
        }
        switch type {
        case .txt:
            guard name != domain else { return DNSAnswer(.records([.text([texts[0]])])) }
            guard texts.count > 1 else { return DNSAnswer(.noSuchName) }
            return DNSAnswer(.records([.text([texts[1 + hash % (texts.count - 1)]])]))
        case .a where name.ascii == Reference.clientName || hash % 5 == 0:
            return DNSAnswer(
                .records(
                    [IPAddress(Reference.address)].compactMap { $0 }.map {
                        .address($0)
                    }))
        case .a where hash % 5 == 1: throw .timedOut
        case .a where hash % 5 == 2: return DNSAnswer(.noSuchName)
        case .mx where hash % 5 > 0:
            return DNSAnswer(
                .records(
                    (0..<hash % 12).map {
                        .exchange(
                            preference: $0, host: Domain(validatedASCII: "mx\($0).\(hash).example"))
                    }))
        default: return DNSAnswer(.noRecord)
        }
    }
}

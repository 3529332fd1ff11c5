import MailModel

/// A mail's facts as conditions ask for them, each made ready once for all that ask.
struct FactReader {
    /// The texts of a fact. More may be unknown: then a test that none of these passes has no
    /// answer.
    struct Texts {
        var known: [FactText] = []
        var unknownBecause: String?
    }

    let facts: MailFacts
    /// Those of the rule whose conditions are asked.
    var recipients: [Mailbox] = []
    private var texts: [TextFact: Texts] = [:]

    init(_ facts: MailFacts) {
        self.facts = facts
    }

    mutating func texts(of fact: TextFact) -> Texts {
        // Each rule takes recipients of its own.
        if case .recipient = fact { return Texts(known: recipients.map { FactText($0.wireText) }) }
        if let known = texts[fact] { return known }
        let read = read(fact)
        texts[fact] = read
        return read
    }

    private func read(_ fact: TextFact) -> Texts {
        switch fact {
        case .recipient: Texts()
        case .mailFrom: read(facts.mailFrom) { [$0.wireText] }
        case .helo: read(facts.helo) { [$0] }
        case .peerName: read(facts.peerName) { $0.map { [$0.ascii] } ?? [] }
        case .tlsVersion: read(facts.tlsVersion) { $0.map { [$0] } ?? [] }
        case .header(let name): read(facts.header) { $0.all(name).map(\.decodedText) }
        case .subject: read(facts.header) { $0.all("Subject").map(\.decodedText) }
        case .from: addresses("From") { $0 }
        case .to: addresses("To") { $0 }
        case .cc: addresses("Cc") { $0 }
        case .fromDomain: addresses("From", Self.domain)
        case .body: read(facts.body) { [$0] }
        case .dkimDomain: dkimDomains
        case .dmarcPolicy: dmarcPolicy
        }
    }

    private func read<Value>(_ fact: Fact<Value>, _ texts: (Value) -> [String]) -> Texts {
        switch fact {
        case .known(let value): Texts(known: texts(value).map { FactText($0) })
        case .unknown(let reason): Texts(unknownBecause: reason)
        }
    }

    /// Addresses of one kind that rules see of a mail; who writes more hides nothing by it.
    private static let addressesMax = 1_000

    private func addresses(_ name: String, _ text: (String) -> String?) -> Texts {
        let found: Fact<[String]> = facts.header.map { header in
            header.all(name).flatMap { AddressList.addresses($0.body) }
        }
        guard case .known(let addresses) = found else { return read(found) { $0 } }
        var texts = read(.known(addresses.prefix(Self.addressesMax).compactMap(text))) { $0 }
        if addresses.count > Self.addressesMax {
            texts.unknownBecause = "there are more addresses than are looked at"
        }
        return texts
    }

    private static func domain(of address: String) -> String? {
        guard let at = address.utf8.lastIndex(of: UInt8(ascii: "@")) else { return nil }
        let text = String(address[address.index(after: at)...])
        return (try? Domain(parsing: text))?.ascii
    }

    private var dkimDomains: Texts {
        switch facts.verdicts {
        case .unknown(let reason): Texts(unknownBecause: reason)
        case .known(let verdicts):
            Texts(
                known: verdicts.dkimDomains.map { FactText($0) },
                unknownBecause: verdicts.areDKIMDomainsWhole
                    ? nil : "not every signature could be checked")
        }
    }

    private var dmarcPolicy: Texts {
        switch facts.verdicts {
        case .unknown(let reason): Texts(unknownBecause: reason)
        case .known(let verdicts):
            if let reason = unknownBecause(.dmarc, verdicts) {
                Texts(unknownBecause: reason)
            } else {
                Texts(known: verdicts.dmarcPolicy.map { [FactText($0)] } ?? [])
            }
        }
    }

    private func unknownBecause(_ fact: VerdictFact, _ verdicts: MailFacts.Verdicts) -> String? {
        verdicts.statuses[fact] == .processingFailed
            ? "\(fact.rawValue) is \(ReceiptVerdict.processingFailed.rawValue)" : nil
    }

    func verdict(_ fact: VerdictFact) -> Fact<ReceiptVerdict> {
        switch facts.verdicts {
        case .unknown(let reason): .unknown(reason)
        case .known(let verdicts): .known(verdicts.statuses[fact] ?? .disabled)
        }
    }

    func number(_ fact: NumberFact) -> Fact<Double> {
        switch fact {
        case .size: facts.size.map { Double($0) }
        case .attachmentCount: attachmentCount
        case .spamScore: score("no scanner gave one", \.spamScore)
        case .listScore: score("no list was asked, or not all have answered", \.listScore)
        }
    }

    private var attachmentCount: Fact<Double> {
        if case .known(let attachments) = facts.attachments, attachments.isCut {
            return .unknown(MailFacts.Attachments.cutReason)
        }
        return facts.attachments.map { Double($0.list.count) }
    }

    private func score(
        _ reason: String, _ score: KeyPath<MailFacts.Verdicts, Double?>
    ) -> Fact<Double> {
        switch facts.verdicts {
        case .unknown(let reason): .unknown(reason)
        case .known(let verdicts):
            verdicts[keyPath: score].map { .known($0) } ?? .unknown(reason)
        }
    }
}

/// A text and its lower case, which tests compare.
struct FactText {
    let text: String
    let folded: [UInt8]

    init(_ text: String) {
        self.text = text
        folded = Array(text.lowercased().utf8)
    }

    /// Of a text in lower case.
    init(folded text: String) {
        self.text = text
        folded = Array(text.utf8)
    }
}

extension Fact {
    func map<Other>(_ change: (Value) -> Other) -> Fact<Other> {
        switch self {
        case .known(let value): .known(change(value))
        case .unknown(let reason): .unknown(reason)
        }
    }
}

package import MailModel

/// What a rule asks of a mail beside its recipients. SES's rules ask nothing; a Mail Manager rule
/// has `Conditions` and `Unless`.
package struct RuleConditions: Sendable, Hashable, Codable {
    /// What comes of a rule where the answer rests on a fact that could not be had.
    package enum UnknownPolicy: String, Sendable, Codable {
        /// The rule does not take the mail.
        case skip
        /// It takes the mail.
        case take
    }

    /// All of them hold for a mail that the rule takes.
    package var when: [RuleCondition]
    /// None of them does.
    package var unless: [RuleCondition]
    package var whenUnknown: UnknownPolicy

    package init(
        when: [RuleCondition], unless: [RuleCondition] = [], whenUnknown: UnknownPolicy = .skip
    ) {
        self.when = when
        self.unless = unless
        self.whenUnknown = whenUnknown
    }
}

extension ReceiptRule {
    /// The named groups of its expressions, those outside of `not` and `unless` alone.
    var groupNames: [String] {
        let ofRecipients = recipients.flatMap { recipient -> [String] in
            if case .matches(let pattern) = recipient { pattern.names } else { [] }
        }
        return ofRecipients + (conditions?.when.flatMap(\.groupNames) ?? [])
    }
}

extension RuleCondition {
    fileprivate var groupNames: [String] {
        switch self {
        case .all(let members), .any(let members): members.flatMap(\.groupNames)
        case .text(_, let tests): tests.flatMap(\.groupNames)
        case .attachment(let tests):
            tests.flatMap { test -> [String] in
                switch test {
                case .name(let tests), .type(let tests): tests.flatMap(\.groupNames)
                case .sha256, .size: []
                }
            }
        case .not, .number, .peer, .tls, .verdict, .time: []
        }
    }
}

extension ReceiptRuleSet {
    /// What the address lists that its conditions ask are called.
    var listNames: Set<String> {
        rules.reduce(into: []) { names, rule in
            let conditions = rule.conditions.map { $0.when + $0.unless } ?? []
            names.formUnion(conditions.flatMap(\.listNames))
        }
    }
}

extension RuleCondition {
    fileprivate var listNames: [String] {
        switch self {
        case .all(let members), .any(let members): members.flatMap(\.listNames)
        case .not(let member): member.listNames
        case .text(_, let tests):
            tests.flatMap { test -> [String] in
                if case .listed(let names) = test { names } else { [] }
            }
        case .attachment, .number, .peer, .tls, .verdict, .time: []
        }
    }
}

extension TextTest {
    fileprivate var groupNames: [String] {
        if case .matches(let patterns) = self { patterns.flatMap(\.names) } else { [] }
    }
}

/// One question about a mail. Its answer is yes, no, or that it cannot be told, since a fact could
/// not be had.
package indirect enum RuleCondition: Sendable, Hashable, Codable {
    case all([RuleCondition])
    case any([RuleCondition])
    case not(RuleCondition)
    /// One of the fact's texts passes all of the tests; without tests: there is one.
    case text(TextFact, [TextTest])
    /// One attachment passes all of the tests; without tests: there is one.
    case attachment([AttachmentTest])
    case number(NumberFact, [NumberTest])
    /// The peer's address is in one of the blocks.
    case peer([CIDRBlock])
    /// Whether the mail came over TLS.
    case tls(Bool)
    case verdict(VerdictFact, [ReceiptVerdict])
    /// When the mail came.
    case time(TimeWindow)
}

/// What of a mail is text. A mail has none, one or several of each.
package enum TextFact: Sendable, Hashable, Codable {
    /// The envelope recipients that the rule takes.
    case recipient
    /// The envelope sender; the null path is the empty text.
    case mailFrom
    case helo
    /// The peer's name in the DNS, where that leads back to its address.
    case peerName
    case tlsVersion
    /// Every field of this name (in lower case), unfolded and decoded.
    case header(String)
    case subject
    /// The addresses in From, To, Cc.
    case from, to, cc
    /// The domains of the addresses in From, in A-labels.
    case fromDomain
    /// The text to read: what is `text/plain`, or where there is none, the HTML as it is written.
    case body
    /// The domains whose DKIM signature holds.
    case dkimDomain
    /// What the domain of From asks for where DMARC failed: `none`, `quarantine` or `reject`.
    case dmarcPolicy
}

/// What of a mail is a number.
package enum NumberFact: String, Sendable, Hashable, Codable {
    /// Of the mail as it came, bytes.
    case size
    case attachmentCount
    /// What the scanner gives for spam, and what the listings in the DNS count together.
    case spamScore, listScore
}

/// What was found out about a mail in SES's words.
package enum VerdictFact: String, Sendable, Hashable, Codable, CaseIterable {
    case spf, dkim, dmarc, spam, virus
}

/// What is asked of an attachment.
package enum AttachmentTest: Sendable, Hashable, Codable {
    /// One of its names.
    case name([TextTest])
    /// What its first bytes show it to be, and where these show nothing, what it says to be.
    case type([TextTest])
    /// Of its decoded content, in hexadecimal digits.
    case sha256([String])
    /// Bytes, decoded.
    case size([NumberTest])
}

/// What is asked of a text. Case means nothing.
package enum TextTest: Sendable, Hashable, Codable {
    /// Whether there is one at all.
    case exists(Bool)
    /// One of the operands, which are in lower case.
    case equals([String])
    case startsWith([String])
    case endsWith([String])
    case contains([String])
    case like([Wildcard])
    case matches([Pattern])
    /// It is an address or a domain that one of these address lists has.
    case listed([String])
}

/// What is asked of a number.
package enum NumberTest: Sendable, Hashable, Codable {
    case equals(Double)
    case above(Double)
    case atLeast(Double)
    case below(Double)
    case atMost(Double)

    func holds(for number: Double) -> Bool {
        switch self {
        case .equals(let bound): number == bound
        case .above(let bound): number > bound
        case .atLeast(let bound): number >= bound
        case .below(let bound): number < bound
        case .atMost(let bound): number <= bound
        }
    }
}

// What is kept of these in a set's canonical JSON is the text that people write.

extension Pattern: Codable {
    package convenience init(from decoder: any Decoder) throws {
        try self.init(try decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

extension Wildcard: Codable {
    package init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

import MailModel

/// Says of most rules that they cannot take a mail, by one comparison each and without touching the
/// rule: so what a set of many rules costs a mail hardly grows by those that are for others.
///
/// It rules out only whom the conditions do, and answers for nobody else: a rule that is not ruled
/// out is asked as a whole.
struct RuleSieve: Sendable {
    fileprivate enum Comparison { case equals, startsWith, endsWith, contains }

    /// One of a rule's `when`, all of which hold for a mail that it takes. Without references, as all
    /// that a walk reads of a rule that it passes by.
    private enum Demand {
        case nothing
        /// One of the fact's texts passes with one of the operands.
        case text(fact: Int, Comparison, operands: Range<Int>)
        case peer(blocks: Range<Int>)
    }

    private struct Block {
        var address: UInt128
        var mask: UInt128
        var isIPv6: Bool
    }

    /// By the rule's position.
    private var demands: [Demand] = []
    /// The facts that demands ask, by number.
    fileprivate private(set) var facts: [TextFact] = []
    /// Where each operand stands in `bytes`.
    private var operands: [Range<Int>] = []
    private var bytes: [UInt8] = []
    private var blocks: [Block] = []

    init(_ rules: [ReceiptRule]) {
        for rule in rules { demands.append(demand(of: rule)) }
    }

    /// The first that can be compared.
    private mutating func demand(of rule: ReceiptRule) -> Demand {
        for condition in rule.conditions?.when ?? [] {
            if let demand = demand(condition) { return demand }
        }
        return .nothing
    }

    private mutating func demand(_ condition: RuleCondition) -> Demand? {
        switch condition {
        // Each rule takes recipients of its own.
        case .text(.recipient, _): return nil
        case .text(let fact, let tests):
            for test in tests {
                switch test {
                case .equals(let operands): return demand(fact, .equals, operands)
                case .startsWith(let operands): return demand(fact, .startsWith, operands)
                case .endsWith(let operands): return demand(fact, .endsWith, operands)
                case .contains(let operands): return demand(fact, .contains, operands)
                case .exists, .like, .matches, .listed: continue
                }
            }
            return nil
        case .peer(let wanted):
            let first = blocks.count
            blocks += wanted.map { block in
                let bits = block.address.bytes.count * 8
                let mask =
                    block.prefixLength == 0
                    ? 0 : ~UInt128(0) << UInt128(bits - block.prefixLength)
                return Block(
                    address: block.address.number & mask, mask: mask, isIPv6: block.address.isIPv6)
            }
            return .peer(blocks: first..<blocks.count)
        case .all, .any, .not, .attachment, .number, .tls, .verdict, .time: return nil
        }
    }

    private mutating func demand(
        _ fact: TextFact, _ comparison: Comparison, _ wanted: [String]
    ) -> Demand {
        let number = facts.firstIndex(of: fact) ?? facts.count
        if number == facts.count { facts.append(fact) }
        let first = operands.count
        for operand in wanted {
            operands.append(bytes.count..<(bytes.count + operand.utf8.count))
            bytes += operand.utf8
        }
        return .text(fact: number, comparison, operands: first..<operands.count)
    }

    /// Whether the rule at `position` cannot take the mail.
    func rulesOut(_ position: Int, _ mail: inout SievedMail, _ reader: inout FactReader) -> Bool {
        switch demands[position] {
        case .nothing: return false
        case .peer(let wanted):
            guard let peer = mail.peer else { return false }
            return !wanted.contains { number in
                let block = blocks[number]
                return block.isIPv6 == peer.isIPv6 && peer.address & block.mask == block.address
            }
        case .text(let fact, let comparison, let wanted):
            guard let texts = mail.texts(of: fact, self, &reader) else { return false }
            return !texts.contains { text in
                wanted.contains { mail.passes(text, comparison, operands[$0], of: bytes) }
            }
        }
    }
}

/// What a sieve compares of one mail, each fact read once.
struct SievedMail {
    private enum Texts {
        case unread
        /// There may be others than those that are known.
        case unknown
        case known(Range<Int>)
    }

    /// Nil where it is not known.
    fileprivate let peer: (address: UInt128, isIPv6: Bool)?
    /// By the fact's number.
    private var facts: [Texts] = []
    /// Where each text stands in `bytes`.
    private var texts: [Range<Int>] = []
    /// Texts in lower case.
    private var bytes: [UInt8] = []

    init(_ facts: MailFacts) {
        if case .known(let address) = facts.peerAddress {
            peer = (address.number, address.isIPv6)
        } else {
            peer = nil
        }
    }

    /// The numbers of a fact's texts; nil where not all are known.
    fileprivate mutating func texts(
        of fact: Int, _ sieve: RuleSieve, _ reader: inout FactReader
    ) -> Range<Int>? {
        if facts.isEmpty { facts = Array(repeating: .unread, count: sieve.facts.count) }
        switch facts[fact] {
        case .unknown: return nil
        case .known(let texts): return texts
        case .unread: break
        }
        let read = reader.texts(of: sieve.facts[fact])
        guard read.unknownBecause == nil else {
            facts[fact] = .unknown
            return nil
        }
        let first = texts.count
        for text in read.known {
            texts.append(bytes.count..<(bytes.count + text.folded.count))
            bytes += text.folded
        }
        facts[fact] = .known(first..<texts.count)
        return first..<texts.count
    }

    fileprivate func passes(
        _ number: Int, _ comparison: RuleSieve.Comparison, _ operand: Range<Int>,
        of operands: [UInt8]
    ) -> Bool {
        bytes.withUnsafeBytes { bytes in
            operands.withUnsafeBytes { operands in
                let text = UnsafeRawBufferPointer(rebasing: bytes[texts[number]])
                let operand = UnsafeRawBufferPointer(rebasing: operands[operand])
                guard operand.count <= text.count else { return false }
                switch comparison {
                case .equals: return text.count == operand.count && text.elementsEqual(operand)
                case .startsWith: return text.starts(with: operand)
                case .endsWith: return text.suffix(operand.count).elementsEqual(operand)
                case .contains: return text.offset(of: operand) != nil
                }
            }
        }
    }
}

extension IPAddress {
    fileprivate var number: UInt128 { bytes.reduce(0) { $0 << 8 | UInt128($1) } }
}

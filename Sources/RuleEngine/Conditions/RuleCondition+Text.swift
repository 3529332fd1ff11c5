import MailModel

extension RuleCondition {
    /// What is asked, in a few words, for people.
    var text: String {
        switch self {
        case .all: "all of"
        case .any: "any of"
        case .not: "not"
        case .text(let fact, let tests):
            tests.isEmpty ? "\(fact.text) exists" : "\(fact.text) \(Self.joined(tests.map(\.text)))"
        case .attachment(let tests):
            tests.isEmpty
                ? "attachment exists" : "attachment \(Self.joined(tests.map(\.text)))"
        case .number(let fact, let tests):
            "\(fact.rawValue) \(Self.joined(tests.map(\.text)))"
        case .peer(let blocks):
            "peer in \(blocks.map(\.description).joined(separator: ", "))"
        case .tls(let isWanted): isWanted ? "tls" : "no tls"
        case .verdict(let fact, let wanted):
            "\(fact.rawValue) is \(wanted.map(\.rawValue).joined(separator: " or "))"
        case .time(let window): "time is \(window.text)"
        }
    }

    fileprivate static func joined(_ tests: [String]) -> String {
        tests.joined(separator: " and ")
    }
}

extension TextFact {
    fileprivate var text: String {
        switch self {
        case .header(let name): "header \(name)"
        default: "\(self)"
        }
    }
}

extension AttachmentTest {
    fileprivate var text: String {
        switch self {
        case .name(let tests): "name \(RuleCondition.joined(tests.map(\.text)))"
        case .type(let tests): "type \(RuleCondition.joined(tests.map(\.text)))"
        case .sha256(let digests): "sha256 is \(TextTest.choice(digests))"
        case .size(let tests): "size \(RuleCondition.joined(tests.map(\.text)))"
        }
    }
}

extension TextTest {
    fileprivate var text: String {
        switch self {
        case .exists(let isWanted): isWanted ? "exists" : "is absent"
        case .equals(let operands): "is \(Self.choice(operands))"
        case .startsWith(let operands): "starts with \(Self.choice(operands))"
        case .endsWith(let operands): "ends with \(Self.choice(operands))"
        case .contains(let operands): "contains \(Self.choice(operands))"
        case .listed(let names): "is in \(Self.choice(names))"
        case .like(let wildcards): "is like \(Self.choice(wildcards.map(\.text)))"
        case .matches(let patterns): "matches \(Self.choice(patterns.map(\.text)))"
        }
    }

    /// Operands that are named; of others there is the number.
    private static let namedMax = 5

    fileprivate static func choice(_ operands: [String]) -> String {
        var named = operands.prefix(namedMax).map { "“\($0)”" }
        if operands.count > namedMax { named.append("one of \(operands.count - namedMax) more") }
        return named.joined(separator: " or ")
    }
}

extension NumberTest {
    fileprivate var text: String {
        switch self {
        case .equals(let bound): "is \(bound.plainText)"
        case .above(let bound): "above \(bound.plainText)"
        case .atLeast(let bound): "at least \(bound.plainText)"
        case .below(let bound): "below \(bound.plainText)"
        case .atMost(let bound): "at most \(bound.plainText)"
        }
    }
}

extension TimeWindow {
    fileprivate var text: String {
        let on = days.isEmpty ? "" : "on \(orderedDays.joined(separator: ", ")) "
        let hours = from == to && from == 0 ? "" : "from \(Self.clock(from)) to \(Self.clock(to)) "
        return "\(hours)\(on)in \(zone)"
    }

    /// From Sunday on.
    var orderedDays: [String] { Day.allCases.filter(days.contains).map(\.rawValue) }

    /// `08:30`
    static func clock(_ minutes: Int) -> String {
        let parts = [minutes / 60, minutes % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }
        return parts.joined(separator: ":")
    }
}

extension Double {
    /// Without a fraction where there is none.
    var plainText: String {
        self == rounded() && abs(self) < 1e15 ? "\(Int(self))" : "\(self)"
    }
}

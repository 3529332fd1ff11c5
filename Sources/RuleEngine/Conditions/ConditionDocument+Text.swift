import MailModel

extension RuleCondition {
    /// As a rule file has it, on one line; reads back to the same.
    var documentText: String {
        switch self {
        case .all(let members): "{all: \(Self.list(members))}"
        case .any(let members): "{any: \(Self.list(members))}"
        case .not(let member): "{not: \(member.documentText)}"
        case .text(.header(let name), let tests):
            "{header: \(DocumentText.mapping([("name", DocumentText.quoted(name))] + tests.map(\.entry)))}"
        case .text(let fact, let tests):
            "{\(fact): \(DocumentText.mapping(tests.map(\.entry)))}"
        case .attachment(let tests):
            "{attachment: \(DocumentText.mapping(tests.map(\.entry)))}"
        case .number(let fact, let tests):
            "{\(fact.rawValue): \(DocumentText.mapping(tests.map(\.entry)))}"
        case .peer(let blocks): "{peer: \(DocumentText.list(blocks.map(\.description)))}"
        case .tls(let isWanted): "{tls: \(isWanted)}"
        case .verdict(let fact, let wanted):
            "{\(fact.rawValue): \(DocumentText.list(wanted.map(\.rawValue)))}"
        case .time(let window): "{time: \(DocumentText.mapping(window.entries))}"
        }
    }

    private static func list(_ members: [RuleCondition]) -> String {
        "[\(members.map(\.documentText).joined(separator: ", "))]"
    }
}

extension TextTest {
    fileprivate var entry: (String, String) {
        switch self {
        case .exists(let isWanted): ("exists", "\(isWanted)")
        case .equals(let operands): ("is", DocumentText.list(operands))
        case .startsWith(let operands): ("startsWith", DocumentText.list(operands))
        case .endsWith(let operands): ("endsWith", DocumentText.list(operands))
        case .contains(let operands): ("contains", DocumentText.list(operands))
        case .listed(let names): ("in", DocumentText.list(names))
        case .like(let wildcards): ("like", DocumentText.list(wildcards.map(\.text)))
        case .matches(let patterns): ("matches", DocumentText.list(patterns.map(\.text)))
        }
    }
}

extension NumberTest {
    fileprivate var entry: (String, String) {
        switch self {
        case .equals(let bound): ("is", bound.plainText)
        case .above(let bound): ("above", bound.plainText)
        case .atLeast(let bound): ("atLeast", bound.plainText)
        case .below(let bound): ("below", bound.plainText)
        case .atMost(let bound): ("atMost", bound.plainText)
        }
    }
}

extension AttachmentTest {
    fileprivate var entry: (String, String) {
        switch self {
        case .name(let tests): ("name", DocumentText.mapping(tests.map(\.entry)))
        case .type(let tests): ("type", DocumentText.mapping(tests.map(\.entry)))
        case .sha256(let digests): ("sha256", DocumentText.list(digests))
        case .size(let tests): ("size", DocumentText.mapping(tests.map(\.entry)))
        }
    }
}

extension TimeWindow {
    fileprivate var entries: [(String, String)] {
        var entries: [(String, String)] = []
        if from != to || from != 0 || days.isEmpty {
            entries += [("from", "\"\(Self.clock(from))\""), ("to", "\"\(Self.clock(to))\"")]
        }
        if !days.isEmpty { entries.append(("days", DocumentText.list(orderedDays))) }
        return entries + [("zone", DocumentText.quoted(zone))]
    }
}

/// Whether some text can be all that is asked of it.
enum TextReach {
    /// Whether none passes all of `wanted` and none of `unwanted` as a whole. What cannot be said of a
    /// text by itself (lists, expressions) is taken to hold.
    static func isEmpty(_ wanted: [[TextTest]], unwanted: [[TextTest]] = []) -> Bool {
        let tests = wanted.joined().filter(\.isPlain)
        let candidates = tests.lazy.compactMap { test -> [String]? in
            if case .equals(let operands) = test { operands } else { nil }
        }.first
        guard let candidates else { return false }
        let refusing = unwanted.filter { !$0.isEmpty && $0.allSatisfy(\.isPlain) }
        return !candidates.contains { text in
            tests.allSatisfy { $0.passes(text) }
                && !refusing.contains { $0.allSatisfy { $0.passes(text) } }
        }
    }

    /// Whether `demands` on one fact contradict each other. `ofOne`: the fact has one text at most.
    static func isEmpty(_ demands: [ConditionReach.Demand], ofOne: Bool) -> Bool {
        var wanted: [[TextTest]] = []
        var unwanted: [[TextTest]] = []
        var isAbsent = false
        var isThere = false
        for demand in demands {
            guard case .text(_, let tests) = demand.condition else { return false }
            if tests == [.exists(false)] {
                if demand.isNegated { isThere = true } else { isAbsent = true }
            } else if tests.isEmpty || tests == [.exists(true)] {
                if demand.isNegated { isAbsent = true } else { isThere = true }
            } else if demand.isNegated {
                unwanted.append(tests)
            } else {
                isThere = true
                wanted.append(tests)
            }
        }
        if isAbsent && isThere { return true }
        return ofOne && isEmpty(wanted, unwanted: unwanted)
    }
}

extension TextTest {
    /// Whether its answer is one of the text's lower case alone.
    fileprivate var isPlain: Bool {
        switch self {
        case .equals, .startsWith, .endsWith, .contains, .like: true
        case .exists, .matches, .listed: false
        }
    }

    /// Of a text in lower case; for plain tests.
    fileprivate func passes(_ text: String) -> Bool {
        FactText(folded: text).taken(by: [self]) != nil
    }
}

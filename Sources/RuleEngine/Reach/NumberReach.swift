/// The numbers that pass some tests: those between two bounds.
struct NumberReach {
    private var lower: Double
    private var upper: Double
    private var isLowerOut = false
    private var isUpperOut = false
    /// Whether there are whole numbers only.
    private let isWhole: Bool

    /// `isWhole`: of a count, which is 0 at least. `bytesMax`: nil where there is no largest one.
    init(tests: [NumberTest], isWhole: Bool, bytesMax: Int?) {
        self.isWhole = isWhole
        lower = isWhole ? 0 : -.infinity
        upper = bytesMax.map { Double($0) } ?? .infinity
        for test in tests { narrow(test) }
    }

    private mutating func narrow(_ test: NumberTest) {
        switch test {
        case .equals(let bound):
            raise(to: bound, isOut: false)
            cut(to: bound, isOut: false)
        case .above(let bound): raise(to: bound, isOut: true)
        case .atLeast(let bound): raise(to: bound, isOut: false)
        case .below(let bound): cut(to: bound, isOut: true)
        case .atMost(let bound): cut(to: bound, isOut: false)
        }
    }

    private mutating func raise(to bound: Double, isOut: Bool) {
        guard bound > lower || bound == lower && isOut else { return }
        (lower, isLowerOut) = (bound, isOut)
    }

    private mutating func cut(to bound: Double, isOut: Bool) {
        guard bound < upper || bound == upper && isOut else { return }
        (upper, isUpperOut) = (bound, isOut)
    }

    var isEmpty: Bool {
        guard isWhole else {
            return lower > upper || lower == upper && (isLowerOut || isUpperOut)
        }
        let first = isLowerOut ? lower.rounded(.down) + 1 : lower.rounded(.up)
        let last = isUpperOut ? upper.rounded(.up) - 1 : upper.rounded(.down)
        return first > last
    }

    /// Whether no number is all that `demands` ask of `fact`.
    static func isEmpty(
        _ demands: [ConditionReach.Demand], of fact: NumberFact, mailBytesMax: Int?
    ) -> Bool {
        let tests = demands.flatMap { demand -> [NumberTest] in
            guard case .number(fact, let tests) = demand.condition else { return [] }
            return demand.isNegated ? tests.opposite : tests
        }
        guard !tests.isEmpty else { return false }
        return NumberReach(
            tests: tests, isWhole: fact == .size || fact == .attachmentCount,
            bytesMax: fact == .size ? mailBytesMax : nil
        ).isEmpty
    }
}

extension [NumberTest] {
    /// What holds where they do not; empty where that has no two bounds.
    fileprivate var opposite: [NumberTest] {
        guard count == 1 else { return [] }
        switch self[0] {
        case .equals: return []
        case .above(let bound): return [.atMost(bound)]
        case .atLeast(let bound): return [.below(bound)]
        case .below(let bound): return [.atLeast(bound)]
        case .atMost(let bound): return [.above(bound)]
        }
    }
}

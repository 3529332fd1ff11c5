/// Which answers a condition may have: each that some mail gives it, and perhaps others.
struct PossibleAnswers: OptionSet {
    let rawValue: Int

    static let yes = PossibleAnswers(rawValue: 1)
    static let no = PossibleAnswers(rawValue: 2)
    static let unknown = PossibleAnswers(rawValue: 4)
    static let every: PossibleAnswers = [.yes, .no, .unknown]

    /// Of the opposite.
    var negated: PossibleAnswers {
        var answers = intersection(.unknown)
        if contains(.yes) { answers.insert(.no) }
        if contains(.no) { answers.insert(.yes) }
        return answers
    }

    /// Of all of some conditions together.
    static func all(_ members: [PossibleAnswers]) -> PossibleAnswers {
        var answers: PossibleAnswers = []
        if members.allSatisfy({ $0.contains(.yes) }) { answers.insert(.yes) }
        if members.contains(where: { $0.contains(.no) }) { answers.insert(.no) }
        if members.contains(where: { $0.contains(.unknown) }) { answers.insert(.unknown) }
        return answers
    }

    /// Of any of some conditions.
    static func any(_ members: [PossibleAnswers]) -> PossibleAnswers {
        all(members.map(\.negated)).negated
    }
}

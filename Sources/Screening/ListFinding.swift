import DNS
package import MailModel

/// What one list was asked about a mail, and what it said.
package struct ListFinding: Sendable, Equatable {
    package enum Outcome: Sendable, Equatable {
        case notListed
        /// The score is below zero in an allow list, and zero where no rule of the list counts
        /// these answers.
        case listed(answers: [IPAddress], score: Int)
        /// It says nothing, neither for nor against the mail; with the reason.
        case failed(String)
    }

    /// The list's name.
    package var list: String
    package var subject: DNSList.Subject
    /// What stands before the list's zone in the question: `2.0.0.127`, `mail.example.com`.
    package var asked: String
    package var outcome: Outcome

    package init(list: String, subject: DNSList.Subject, asked: String, outcome: Outcome) {
        self.list = list
        self.subject = subject
        self.asked = asked
        self.outcome = outcome
    }

    package var score: Int {
        if case .listed(_, let score) = outcome { score } else { 0 }
    }

    package var isFailure: Bool {
        if case .failed = outcome { true } else { false }
    }

    /// For people: `127.0.0.4`, `not listed`.
    package var answer: String {
        switch outcome {
        case .notListed: "not listed"
        case .listed(let answers, _): answers.map(\.description).joined(separator: " ")
        case .failed(let reason): "no answer: \(reason)"
        }
    }

    /// For people: `zen has 2.0.0.127: 127.0.0.4, score 5`.
    package var text: String {
        switch outcome {
        case .notListed: "\(list) has no \(asked)"
        case .listed(_, let score): "\(list) has \(asked): \(answer), score \(score)"
        case .failed(let reason): "\(list) gave no answer for \(asked): \(reason)"
        }
    }
}

extension DNSList {
    /// What `answer` to a question for an A record says. A list whose zone has gone to somebody
    /// else, or that does not answer us, says nothing: it must not look as if it listed everybody.
    func outcome(of answer: DNSAnswer) -> ListFinding.Outcome {
        let records = answer.records
        guard !records.isEmpty else {
            return answer.unusableCount == 0
                ? .notListed : .failed("its answer holds no address")
        }
        var answers: [IPAddress] = []
        for record in records {
            guard case .address(let address) = record,
                let number = ListAnswerMatch.number(address)
            else { return .failed("its answer is no address") }
            guard !ListAnswerMatch.refusals.contains(number) else {
                return .failed("it refuses to answer (\(address))")
            }
            guard ListAnswerMatch.listings.contains(number) else {
                return .failed("it answers \(address), which is not of 127.0.0.0/8")
            }
            answers.append(address)
        }
        return .listed(answers: answers, score: score(of: answers))
    }
}

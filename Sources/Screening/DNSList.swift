package import MailModel

/// A block or allow list in the DNS, as the operator wants it used. RFC 5782
package struct DNSList: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        /// Its listings add their score.
        case block
        /// Its listings take their score away.
        case allow
    }

    /// What of a mail is looked up in it.
    package enum Subject: String, Sendable, CaseIterable {
        /// The peer's address. RFC 5782 §2.1, RFC 5782 §2.4
        case address
        /// The domain of HELO or EHLO. RFC 5782 §3, and so the next two.
        case helo
        /// The domain of MAIL FROM.
        case sender
        /// The domain of From.
        case author
    }

    /// Which of its answers count, and how much.
    package struct Rule: Sendable, Equatable {
        package var match: ListAnswerMatch
        /// From 0.
        package var score: Int

        package init(match: ListAnswerMatch, score: Int) {
            self.match = match
            self.score = score
        }
    }

    /// What people call it: its zone may have a customer's key in it.
    package var name: String
    package var zone: Domain
    package var kind: Kind
    package var subjects: [Subject]
    /// Of any listing, where there are no rules; from 0.
    package var score: Int
    /// Each that matches an answer counts once.
    package var rules: [Rule]

    package init(
        name: String, zone: Domain, kind: Kind, subjects: [Subject] = [.address], score: Int,
        rules: [Rule] = []
    ) {
        self.name = name
        self.zone = zone
        self.kind = kind
        self.subjects = subjects
        self.score = score
        self.rules = rules
    }

    /// What a listing with these answers counts: below zero in an allow list.
    func score(of answers: [IPAddress]) -> Int {
        let score =
            rules.isEmpty
            ? score
            : rules.filter { rule in answers.contains(where: rule.match.matches) }
                .reduce(0) { $0 + $1.score }
        return kind == .block ? score : -score
    }
}

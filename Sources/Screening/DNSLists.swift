package import DNS
package import MailModel

/// Asks all lists about a mail, all at once and with one deadline. RFC 5782
package struct DNSLists: Sendable {
    /// Returns after so many seconds; throws where its task is cancelled.
    package typealias Rest = @Sendable (_ seconds: Int64) async throws -> Void

    /// Lists that may be configured: each asks for every mail, and more than once.
    package static let listsMax = 32

    /// What of a mail can be looked up.
    package struct Subjects: Sendable {
        package var address: IPAddress?
        package var helo: Domain?
        package var sender: Domain?
        package var author: Domain?

        package init(
            address: IPAddress? = nil, helo: Domain? = nil, sender: Domain? = nil,
            author: Domain? = nil
        ) {
            self.address = address
            self.helo = helo
            self.sender = sender
            self.author = author
        }
    }

    private struct Question: Sendable {
        let list: DNSList
        let subject: DNSList.Subject
        /// What stands before the zone.
        let asked: String
        let name: Domain
        /// What no list that is in order has. RFC 5782 §5
        let unlisted: Domain?

        func finding(_ outcome: ListFinding.Outcome) -> ListFinding {
            ListFinding(list: list.name, subject: subject, asked: asked, outcome: outcome)
        }
    }

    private enum Event: Sendable {
        case answered(Int, ListFinding.Outcome)
        case timeIsUp
    }

    package let lists: [DNSList]
    private let timeoutSeconds: Int64
    private let resolver: any DNSResolver
    private let rest: Rest

    package init(
        _ lists: [DNSList], timeoutSeconds: Int64, resolver: any DNSResolver, rest: @escaping Rest
    ) {
        self.lists = lists
        self.timeoutSeconds = timeoutSeconds
        self.resolver = resolver
        self.rest = rest
    }

    /// One finding for each question, in the lists' order. A name is looked up in a list once,
    /// whatever it is of the mail.
    package func ask(about subjects: Subjects) async -> [ListFinding] {
        let questions = lists.flatMap { Self.questions($0, subjects) }
        guard !questions.isEmpty else { return [] }
        let outcomes = await withTaskGroup(of: Event.self) { group in
            for (index, question) in questions.enumerated() {
                group.addTask { .answered(index, await outcome(of: question)) }
            }
            group.addTask {
                try? await rest(timeoutSeconds)
                return .timeIsUp
            }
            var outcomes: [ListFinding.Outcome?] = Array(repeating: nil, count: questions.count)
            var left = questions.count
            while left > 0, case .answered(let index, let outcome)? = await group.next() {
                outcomes[index] = outcome
                left -= 1
            }
            group.cancelAll()
            return outcomes
        }
        let late = ListFinding.Outcome.failed("no answer within \(timeoutSeconds) s")
        return zip(questions, outcomes).map { $0.finding($1 ?? late) }
    }

    private func outcome(of question: Question) async -> ListFinding.Outcome {
        do throws(DNSFailure) {
            let outcome = question.list.outcome(of: try await resolver.ask(question.name, .a))
            if case .listed = outcome, await listsEverything(question) {
                return .failed("it lists everything, what is never listed too")
            }
            return outcome
        } catch {
            return .failed("\(error)")
        }
    }

    /// Lists that come to their end have been known to answer every question with a listing.
    private func listsEverything(_ question: Question) async -> Bool {
        guard let name = question.unlisted, let answer = try? await resolver.ask(name, .a) else {
            return false
        }
        return !answer.records.isEmpty
    }

    // MARK: Questions

    private static func questions(_ list: DNSList, _ subjects: Subjects) -> [Question] {
        var seen: Set<String> = []
        return list.subjects.compactMap { subject in
            let labels: String?
            var unlisted = "invalid"
            switch subject {
            case .address:
                labels = subjects.address?.listLabels
                unlisted = subjects.address?.isIPv6 == true ? Self.unlistedIPv6 : "1.0.0.127"
            case .helo: labels = subjects.helo?.ascii
            case .sender: labels = subjects.sender?.ascii
            case .author: labels = subjects.author?.ascii
            }
            guard let labels, let name = name(labels, list.zone), seen.insert(labels).inserted
            else { return nil }
            return Question(
                list: list, subject: subject, asked: labels, name: name,
                unlisted: Self.name(unlisted, list.zone))
        }
    }

    /// `::FFFF:7F00:1`, half byte by half byte. RFC 5782 §5
    private static let unlistedIPv6 =
        "1.0.0.0.0.0.f.7.f.f.f.f" + String(repeating: ".0", count: 20)

    /// Nil where the name would be too long to be asked for.
    private static func name(_ labels: String, _ zone: Domain) -> Domain? {
        try? Domain(parsing: "\(labels).\(zone.ascii)")
    }
}

extension IPAddress {
    /// The address as lists have it: as in its name in the DNS, without that name's own zone.
    fileprivate var listLabels: String {
        let suffix = isIPv6 ? ".ip6.arpa" : ".in-addr.arpa"
        return String(reverseName.ascii.dropLast(suffix.count))
    }
}

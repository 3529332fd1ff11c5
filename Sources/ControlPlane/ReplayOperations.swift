import Documents
import MailFlow
import MailModel
import RuleEngine
import Storage

/// Past mails, run again: what it would be, and the word that it is to be.
struct ReplayOperations: Sendable {
    let mails: MailOperations
    let store: any ReplayStore
    let replayer: Replayer
    let random: any RandomSource

    private static let listMax = 20

    func answer(
        _ request: ReplayRequest,
        _ onPart: @escaping @Sendable (ControlAnswer) async throws -> Void
    ) async throws -> ControlAnswer {
        switch request {
        case .preview(let choice): try await preview(choice, onPart)
        case .begin(let choice): try await begin(choice)
        case .show(let number): .replay(.replay(view(try await find(number))))
        case .list:
            .replay(.replays(try await store.replays(limit: Self.listMax).map(view)))
        case .cancel(let number): try await cancel(number)
        }
    }

    private func begin(_ choice: ReplayChoice) async throws -> ControlAnswer {
        let wish = try await wish(choice)
        guard let replay = try await store.begin(wish, at: mails.time.now()) else {
            let open = try await store.openReplay().map { "replay \($0.number)" }
            throw ControlFailure(
                .invalid,
                "\(open ?? "another replay") has not ended, and there is one at a time: "
                    + "martlet replay list")
        }
        return .replay(.replay(view(replay)))
    }

    private func view(_ replay: ReplayRecord) -> ReplayView {
        ReplayView(replay, waitsFor: replayer.waitingReason(of: replay))
    }

    private func cancel(_ number: Int) async throws -> ControlAnswer {
        let replay = try await find(number)
        guard try await store.cancel(replay: number, at: mails.time.now()) else {
            throw ControlFailure(.invalid, "replay \(replay.number) has ended")
        }
        let replayed = try await find(number).progress.replayed
        return .done(
            "replay \(number) is cancelled; the \(replayed) mail(s) that it has put on their way go on"
        )
    }

    private func find(_ number: Int) async throws -> ReplayRecord {
        guard let replay = try await store.replay(number) else {
            throw ControlFailure(.notFound, "there is no replay \(number)")
        }
        return replay
    }

    private func wish(_ choice: ReplayChoice) async throws -> ReplayWish {
        guard choice.ids.count <= ReplayChoice.idsMax else {
            throw ControlFailure(.invalid, "at most \(ReplayChoice.idsMax) ids are named at once")
        }
        var wish = ReplayWish(
            ruleSetVersion: mails.rules.current.version,
            before: MailID(at: mails.time.now(), random: random))
        for id in choice.ids {
            let found = try await mails.find(id).id
            if !wish.ids.contains(found) { wish.ids.append(found) }
        }
        wish.bucket = try bucket(choice)
        wish.receivedFrom = choice.receivedFrom
        wish.receivedBefore = choice.receivedBefore
        wish.recipient = choice.recipient
        wish.rule = choice.rule
        wish.isAsNew = choice.isAsNew
        wish.sends = choice.sends
        return wish
    }

    private func bucket(_ choice: ReplayChoice) throws -> ReplayWish.Bucket? {
        guard let name = choice.bucket else { return nil }
        guard replayer.candidates.bucketNames.contains(name) else {
            let hint = NearMiss.hint(name, among: replayer.candidates.bucketNames.sorted())
            throw ControlFailure(.notFound, "there is no bucket “\(name)”\(hint)")
        }
        guard choice.ids.isEmpty, choice.rule == nil else {
            throw ControlFailure(
                .invalid, "of a bucket neither ids nor a rule that took the mails can be asked for")
        }
        let recipients = try choice.recipients.map { text in
            guard let recipient = Mailbox(text) else {
                throw ControlFailure(.invalid, "“\(text)” is no address")
            }
            return recipient
        }
        return ReplayWish.Bucket(
            name: name, prefix: choice.prefix ?? "", recipients: recipients)
    }

    // MARK: Dry

    private func preview(
        _ choice: ReplayChoice,
        _ onPart: @escaping @Sendable (ControlAnswer) async throws -> Void
    ) async throws -> ControlAnswer {
        let wish = try await wish(choice)
        let evaluator = try await mails.rules.evaluator(ofVersion: wish.ruleSetVersion)
        var sum = ReplaySumView(
            ruleSet: evaluator.ruleSet.name, ruleSetVersion: evaluator.version, replayed: 0,
            left: [:])
        var seen = SeenMails()
        var cursor: String?
        while true {
            let page = try await replayer.candidates.page(of: wish, after: cursor, in: nil)
            var views: [ReplayPreviewView] = []
            for var candidate in page.candidates {
                if candidate.obstacle == nil, !seen.isNew(candidate) { candidate.obstacle = .twice }
                if let obstacle = candidate.obstacle {
                    sum.left[obstacle.rawValue, default: 0] += 1
                } else {
                    sum.replayed += 1
                }
                views.append(try await preview(candidate, evaluator, sends: wish.sends))
            }
            if !views.isEmpty { try await onPart(.replay(.page(views))) }
            if let reason = page.waitsFor { throw ControlFailure(.unavailable, reason) }
            guard !page.isLast else { return .replay(.sum(sum)) }
            cursor = page.cursor
        }
    }

    private func preview(
        _ candidate: ReplayCandidates.Candidate, _ evaluator: RuleEvaluator, sends: Bool
    ) async throws -> ReplayPreviewView {
        var view = ReplayPreviewView(
            id: candidate.id.text, object: candidate.object,
            mail: candidate.record.map(MailView.init), obstacle: candidate.obstacle?.rawValue,
            detail: candidate.detail, steps: [])
        guard let record = candidate.record, candidate.obstacle == nil else { return view }
        let facts = await mails.facts(of: record, candidate.mail, for: evaluator.needs)
        let answers = try await mails.answers(to: record)
        let traces = evaluator.trace(facts) { evaluator.standing(of: $0, answers) }
        for trace in traces where trace.answer == .took {
            guard let rule = evaluator.ruleSet.rules.first(where: { $0.name == trace.rule })
            else { continue }
            let recipient = trace.recipient.flatMap { Mailbox($0) }
            for entry in trace.actions where entry.standing != RuleTrace.Action.notReached {
                // The time of one that refuses was before the 250.
                guard let action = rule.action(entry, answers, for: recipient), !action.rejects
                else { continue }
                view.steps.append(
                    ReplayPreviewView.Step(
                        rule: trace.rule, action: entry.text,
                        recipients: trace.matchedRecipients, recipient: trace.recipient,
                        isWithheld: !sends && action.sendsMail))
            }
        }
        return view
    }
}

extension ReceiptRule {
    /// Which one `entry` tells of, its own or one that a handler asked for.
    fileprivate func action(
        _ entry: RuleTrace.Action, _ answers: HandlerAnswers, for recipient: Mailbox?
    ) -> ReceiptAction? {
        let own = actions[entry.position]
        guard let number = entry.asked else { return own }
        guard case .invoke(let handler, _, _, _) = own,
            let answer = answers.answer(of: handler, for: recipient),
            answer.actions.indices.contains(number - 1)
        else { return nil }
        return answer.actions[number - 1]
    }
}

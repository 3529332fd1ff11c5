import MailModel
import Storage
import Synchronization

/// One try.
extension DeliveryQueue {
    /// From the item's turn until its end is written and its destination seen to.
    func run(_ item: QueueItem) async {
        let ending = await ending(of: item)
        let finding = finding(ending, item)
        state.withLock { $0.lanes.ended(item, finding) }
        wakeOne()
        if let ending {
            log.ended(ending, of: item.queued)
            await write(ending, item)
        }
        let need = state.withLock { $0.lanes.written(item) }
        await see(to: need, item.queued.recipient.destination)
    }

    /// How the try ended; nil where it was cut off, or its bytes are damaged, and nothing is known.
    private func ending(of item: QueueItem) async -> TryEnding? {
        let recipient = item.queued.recipient
        do throws(StorageFailure) {
            if let suppression = try await suppression(of: item) { return .suppressed(suppression) }
        } catch {
            // No word about the mail: it is found in the store again.
            log.journalFailed(error)
            await pause.forMilliseconds(Self.afterFailureMilliseconds)
            return nil
        }
        if isOver(recipient), let problem = lateProblem(recipient.destination) {
            return .expired(problem, nil)
        }
        guard let route = route(of: item.queued) else {
            return deferred(.noRoute(recipient.destination), nil, item)
        }
        let content: MailContent
        do throws(StorageFailure) {
            content = try await body(of: item)
        } catch {
            return await setAside(item, error)
        }
        let attempt = await courier.deliver(mail(item.queued, content), by: route)
        switch attempt.outcome {
        case .delivered(let reply): return .delivered(reply, attempt)
        case .failed(let problem): return .failed(problem, attempt)
        case .deferred(let problem):
            return Task.isCancelled ? nil : deferred(problem, attempt, item)
        }
    }

    /// What stands against the try, as the lists are now or were a moment ago.
    private func suppression(of item: QueueItem) async throws(StorageFailure) -> SuppressionRecord?
    {
        if let known = item.queued.suppression { return known }
        // What is handed on was taken for that recipient; no list is asked.
        guard !item.queued.mail.facts.isRelayed else { return nil }
        let age = time.now().milliseconds - item.askedAt.milliseconds
        guard !(0..<Self.suppressionMilliseconds).contains(age) else { return nil }
        let address = SuppressionRecord.address(item.queued.recipient.address)
        for scope in [.global, .account(item.queued.mail.account)] as [SuppressionRecord.Scope] {
            if let found = try await store.suppression(address, in: scope) { return found }
        }
        return nil
    }

    /// Mail that waits for a relay which was taken out of the configuration goes the way that the
    /// configuration names now; but what a rule hands on would come back to us that way, and waits.
    private func route(of queued: QueuedRecipient) -> Route? {
        let recipient = queued.recipient
        if let route = routes.route(for: recipient.destination) { return route }
        guard !queued.mail.facts.isRelayed else { return nil }
        return routes.route(for: routes.destination(of: recipient.address.domain))
    }

    /// What the try has shown of its destination; `ending` is nil where it was cut off.
    private func finding(_ ending: TryEnding?, _ item: QueueItem) -> Lanes.Finding {
        switch ending {
        case .deferred(let problem, _, let next) where problem.subject == .destination:
            // The mail may have waited for longer, and then it does again; others need not.
            .fails(problem, until: min(next, rest(of: item.queued.recipient.destination)))
        case .expired(let problem, _?) where problem.asksForLess: .asksForLess
        case .expired(let problem, _?) where problem.subject == .destination: .failsLate(problem)
        case .deferred(let problem, _, _) where problem.isOurs: .nothing
        case .deferred(let problem, _, _) where problem.asksForLess: .asksForLess
        case .delivered, .failed, .deferred: .answers
        case .expired, .suppressed, .returned, nil: .nothing
        }
    }

    /// A mail whose time is over is tried once more, as nobody may have been asked for long: we
    /// stood still, or it was held. Others of its destination learn from that.
    private func lateProblem(_ name: String) -> DeliveryProblem? {
        state.withLock { $0.lanes.lanes[name]?.lateProblem }
    }

    private func rest(of name: String) -> Timestamp {
        let failures = state.withLock { $0.lanes.failures(of: name) }
        return plans.plan(for: name).next(after: failures + 1, now: time.now(), random: random)
    }

    private func deferred(
        _ problem: DeliveryProblem, _ attempt: DeliveryAttempt?, _ item: QueueItem
    ) -> TryEnding {
        let recipient = item.queued.recipient
        let plan = plans.plan(for: recipient.destination)
        let failures = state.withLock { $0.lanes.failures(of: recipient.destination) }
        // A destination that takes others' mails, and says at each of this one's that it takes none
        // now, does not rest: then the mail waits longer each time.
        let tries =
            problem.subject == .destination
            ? max(failures, plan.tries(before: recipient)) + 1 : recipient.attempts + 1
        let next = plan.next(after: tries, now: time.now(), random: random)
        let attempt = attempt ?? DeliveryAttempt(.deferred(problem))
        // Tried once more at the end of its time, or as soon as it can be.
        guard !isOver(recipient) else { return .expired(problem, attempt) }
        let last = recipient.expiresAt
        return .deferred(problem, attempt, next: time.now() < last ? min(next, last) : next)
    }

    /// A clock that was set forward ends no mail: it may be set right again, and the address of a mail
    /// that comes back comes onto the suppression list.
    private func isOver(_ recipient: SentRecipient) -> Bool {
        recipient.expiresAt <= time.now() && !wasClockSet()
    }

    private func body(of item: QueueItem) async throws(StorageFailure) -> MailContent {
        if let body = item.body { return body }
        let mail = item.queued.mail
        switch mail.bodyPlace {
        case .row: return .bytes(try await store.body(of: mail))
        case .file:
            // Once a byte of it is on its way it cannot be taken back.
            try await withTaskExecutorPreference(executor) { () throws(StorageFailure) in
                try bodies.check(mail)
            }
            return .file(path: bodies.path(of: mail.bodyID), length: mail.bodyLength)
        case .expired: throw .damaged("sent mail \(mail.id) has no bytes any more")
        }
    }

    private func mail(_ queued: QueuedRecipient, _ body: MailContent) -> OutgoingMail {
        OutgoingMail(
            id: queued.mail.id.text, reversePath: office.returnPath(of: queued),
            recipient: queued.recipient.address, content: [.bytes(queued.mail.head), body],
            is8Bit: queued.mail.is8Bit, isSMTPUTF8: queued.mail.isSMTPUTF8, tls: queued.mail.tls,
            notification: queued.recipient.notification, pool: queued.mail.pool)
    }

    /// A mail whose bytes are not what was taken is not sent: an operator has to look.
    private func setAside(_ item: QueueItem, _ failure: StorageFailure) async -> TryEnding? {
        guard !failure.mayPass else {
            log.journalFailed(failure)
            // One file on a bad place of the disk holds up no other mail.
            if item.queued.mail.bodyPlace == .file {
                return deferred(.unreadable(failure), nil, item)
            }
            await pause.forMilliseconds(Self.afterFailureMilliseconds)
            return nil
        }
        log.damaged(item.queued, failure)
        var recipient = item.queued.recipient
        recipient.state = .held
        recipient.detail = "\(failure)"
        await write([SendingProgress(recipient: recipient)])
        return nil
    }
}

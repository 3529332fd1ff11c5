import Documents
package import MailFlow
package import MailModel
import RuleEngine
package import Storage

/// Operations on every resource: what the command line does, and the API and console will.
package final class ControlPlane: Sendable {
    private let hostname: String
    private let identities: IdentityOperations
    private let senders: SenderOperations?
    private let history: SendingHistory
    private let accessKeys: AccessKeyOperations?
    private let ruleSets: RuleSets
    private let rules: ActiveRules
    private let mails: any MailStore
    private let mailOperations: MailOperations
    private let replays: ReplayOperations
    private let outbox: any OutboxStore
    private let time: any TimeSource
    private let topics: TopicOperations
    let traces: SessionTraces
    let backups: any BackupMaker
    private let onRelease: @Sendable () -> Void

    /// No `senders`: nothing is sent, and `history` answers. No `accessKeys`: nobody signs in.
    /// `onRelease` is called when a mail or message was made due, so that nobody waits for it.
    package init(
        hostname: String, identities: IdentityOperations, senders: SenderOperations?,
        history: SendingHistory, accessKeys: AccessKeyOperations?, ruleSets: RuleSets,
        rules: ActiveRules, mails: any MailStore & ReplayStore, outbox: any OutboxStore,
        bodies: any BodyFiles, facts: MailFactsReader, replayer: Replayer,
        duties: DutyAddresses,
        time: any TimeSource, random: any RandomSource, topics: TopicOperations,
        queue: ActionQueue, traces: SessionTraces, backups: any BackupMaker,
        onRelease: @escaping @Sendable () -> Void
    ) {
        self.hostname = hostname
        self.identities = identities
        self.senders = senders
        self.history = history
        self.accessKeys = accessKeys
        self.ruleSets = ruleSets
        self.rules = rules
        self.mails = mails
        self.outbox = outbox
        self.time = time
        self.topics = topics
        mailOperations = MailOperations(
            store: mails, bodies: bodies, rules: rules, facts: facts, duties: duties,
            queue: queue, time: time, onRelease: onRelease)
        self.replays = ReplayOperations(
            mails: mailOperations, store: mails, replayer: replayer, random: random)
        self.traces = traces
        self.backups = backups
        self.onRelease = onRelease
    }

    /// Answers `request`; `onPart` is given what comes before the last answer, where there is
    /// such, and ends the request by what it throws.
    package func perform(
        _ request: ControlRequest,
        onPart: @escaping @Sendable (ControlAnswer) async throws -> Void = { _ in }
    ) async -> ControlAnswer {
        do {
            return try await answer(request, onPart)
        } catch let failure as ControlFailure {
            return .failed(failure)
        } catch let failure as StorageFailure {
            return .failed(ControlFailure(failure))
        } catch {
            return .failed(ControlFailure(.unavailable, "\(error)"))
        }
    }

    private func answer(
        _ request: ControlRequest,
        _ onPart: @escaping @Sendable (ControlAnswer) async throws -> Void
    ) async throws -> ControlAnswer {
        switch request {
        case .status: try await status()
        case .addIdentity(let name, let isTrusted):
            try await identities.add(name, isTrusted: isTrusted)
        case .removeIdentity(let name): try await identities.remove(name)
        case .listIdentities: .identities(identities.list)
        case .showIdentity(let name): try identities.show(name)
        case .checkIdentity(let name): try await identities.check(name)
        case .listRuleSets: .ruleSets(ruleSets.views)
        case .showRuleSet(let name, .some(let version)):
            try await showVersion(version, of: name)
        case .showRuleSet(let name, .none): try showRuleSet(name)
        case .listRuleVersions(let name): .ruleVersions(try await ruleSets.versions(of: name))
        case .rollBackRules(let name, let version):
            .done(try await ruleSets.rollBack(name, to: version))
        case .activateRuleSet(let name): try await activate(name)
        case .reloadRules: try await reloadRules()
        case .listMails(let filter):
            .mails(try await mails.list(filter).map(MailView.init))
        case .showMail(let id): try await mailOperations.show(id)
        case .traceMail(let id): try await mailOperations.trace(id)
        case .explainMail(let id, let draft): try await mailOperations.explain(id, by: draft)
        case .compareRules(let draft, let last):
            try await mailOperations.compare(draft, last: last)
        case .rawMail(let id, let isStored): try await mailOperations.raw(id, isStored: isStored)
        case .retryMail(let id): try await mailOperations.retry(id)
        case .holdMail(let id): try await mailOperations.hold(id)
        case .releaseMail(let id): try await mailOperations.release(id)
        case .removeMail(let id): try await mailOperations.remove(id)
        case .listDeadMessages:
            .deadMessages(
                try await outbox.deadDeliveries(limit: 1_000)
                    .map(DeadMessageView.init))
        case .resendMessage(let id): try await resend(id)
        case .listSubscriptions: .subscriptions(topics.list)
        case .subscribe(let topic, let subscriber, let wantsJSON, let isTrusted):
            try await topics.subscribe(
                SubscriberKey(topic: topic, subscriber: subscriber), wantsJSON: wantsJSON,
                isTrusted: isTrusted)
        case .unsubscribe(let topic, let subscriber):
            try await topics.unsubscribe(SubscriberKey(topic: topic, subscriber: subscriber))
        case .watchSessions(let filter): try await watch(filter, onPart)
        case .backup(let folder): try await backup(folder, onPart)
        case .accessKeys(let request):
            try await AccessKeyOperations.configured(accessKeys).answer(request)
        case .sending(let request):
            if let senders {
                try await senders.answer(request)
            } else {
                try await history.answer(request)
            }
        case .replay(let request): try await replays.answer(request, onPart)
        case .changeSender(let name, let change):
            try await identities.change(name, change)
        }
    }

    private func status() async throws -> ControlAnswer {
        let counts = try await mails.counts()
        let messages = try await outbox.messageCounts()
        let active = rules.current
        return .status(
            StatusView(
                hostname: hostname, activeRuleSet: active.ruleSet.name,
                ruleSetVersion: active.version, mails: counts,
                retiredMails: try await mails.retiredCount(),
                waitingMessages: messages.waiting, deadMessages: messages.dead,
                serviceZone: senders?.serviceZone,
                sending: try await senders?.sentMails.status()))
    }

    // MARK: Rules

    private func showRuleSet(_ name: String?) throws(ControlFailure) -> ControlAnswer {
        let ruleSet = name.map { ruleSets.ruleSet($0) } ?? rules.current.ruleSet
        guard let ruleSet else {
            let hint = NearMiss.hint(name ?? "", among: ruleSets.names)
            throw ControlFailure(.notFound, "there is no rule set “\(name ?? "")”\(hint)")
        }
        return .ruleSet(
            RuleSetTextView(
                name: ruleSet.name, version: RuleEvaluator(ruleSet: ruleSet).version,
                yaml: RuleDocument.text(of: ruleSet), canonicalJSON: ruleSet.canonicalJSON,
                lists: [:]))
    }

    private func showVersion(_ text: String, of name: String?) async throws -> ControlAnswer {
        let found = try await ruleSets.version(text, of: name ?? rules.current.ruleSet.name)
        return .ruleSet(
            RuleSetTextView(
                name: found.ruleSet.name, version: found.version, yaml: found.source.text,
                canonicalJSON: found.ruleSet.canonicalJSON, lists: found.source.lists))
    }

    private func activate(_ name: String?) async throws -> ControlAnswer {
        let reload = try await ruleSets.activate(name)
        guard reload.isActiveSetInForce else {
            var failure = failure(of: reload)
            failure.message += " “\(name ?? "")” follows once its file is well."
            throw failure
        }
        return .done(
            name.map { "“\($0)” is the active rule set (\(rules.current.version))" }
                ?? "no rule set is active: no mail is taken")
    }

    private func reloadRules() async throws -> ControlAnswer {
        let reload = try await ruleSets.reload()
        guard reload.problems.isEmpty else { throw failure(of: reload) }
        return .done(([inForce] + reload.warnings.map { "warning: \($0)" }).joined(separator: "\n"))
    }

    private var inForce: String {
        let current = rules.current
        return "“\(current.ruleSet.name)” is in force (\(current.version))"
    }

    private func failure(of reload: RulesReload) -> ControlFailure {
        let end =
            reload.isActiveSetInForce
            ? "None of this is in the active set: \(inForce)." : "What was in force stays in force."
        return ControlFailure(
            .problems, (reload.problems.map(\.description) + [end]).joined(separator: "\n"))
    }

    // MARK: Messages

    private func resend(_ id: String) async throws -> ControlAnswer {
        let count = try await outbox.resend(message: id, now: time.now())
        guard count > 0 else {
            throw ControlFailure(.notFound, "there is no dead message “\(id)”")
        }
        onRelease()
        return .done("message \(id) is on its way again to \(count) subscriber(s)")
    }
}

import Documents
import Foundation
package import MailFlow
package import MailModel
import NIOCore
import RuleEngine
package import Storage

/// Operations on every resource: what the command line does, and the API and console will.
package final class ControlPlane: Sendable {
    private let hostname: String
    private let identities: IdentityOperations
    private let senders: SenderOperations?
    private let ruleSets: RuleSets
    private let rules: ActiveRules
    private let mails: any MailStore
    private let outbox: any OutboxStore
    private let bodies: any BodyFiles
    private let time: any TimeSource
    private let topics: TopicOperations
    private let queue: ActionQueue
    let traces: SessionTraces
    let backups: any BackupMaker
    private let onRelease: @Sendable () -> Void

    /// No `senders`: nothing is sent. `onRelease` is called when a mail or message was made due, so that nobody waits for it.
    package init(
        hostname: String, identities: IdentityOperations, senders: SenderOperations?,
        ruleSets: RuleSets, rules: ActiveRules, mails: any MailStore, outbox: any OutboxStore,
        bodies: any BodyFiles,
        time: any TimeSource, topics: TopicOperations, queue: ActionQueue,
        traces: SessionTraces, backups: any BackupMaker, onRelease: @escaping @Sendable () -> Void
    ) {
        self.hostname = hostname
        self.identities = identities
        self.senders = senders
        self.ruleSets = ruleSets
        self.rules = rules
        self.mails = mails
        self.outbox = outbox
        self.bodies = bodies
        self.time = time
        self.topics = topics
        self.queue = queue
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
        case .showRuleSet(let name): try showRuleSet(name)
        case .activateRuleSet(let name): try await activate(name)
        case .reloadRules: try await reloadRules()
        case .listMails(let filter):
            .mails(try await mails.list(filter).map(MailView.init))
        case .showMail(let id): try await showMail(id)
        case .traceMail(let id): try await traceMail(id)
        case .rawMail(let id, let isStored): try await rawMail(id, isStored: isStored)
        case .retryMail(let id): try await retry(id)
        case .holdMail(let id): try await hold(id)
        case .releaseMail(let id): try await release(id)
        case .removeMail(let id): try await remove(id)
        case .listDeadMessages:
            .deadMessages(
                try await outbox.deadDeliveries(limit: 1_000)
                    .map(DeadMessageView.init))
        case .resendMessage(let id): try await resend(id)
        case .listSubscriptions: .subscriptions(topics.list)
        case .subscribe(let topic, let subscriber, let isTrusted):
            try await topics.subscribe(
                SubscriberKey(topic: topic, subscriber: subscriber), isTrusted: isTrusted)
        case .watchSessions(let filter): try await watch(filter, onPart)
        case .backup(let folder): try await backup(folder, onPart)
        case .sending(let request):
            try await SenderOperations.configured(senders).answer(request)
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
                waitingMessages: messages.waiting, deadMessages: messages.dead))
    }

    // MARK: Rules

    private func showRuleSet(_ name: String?) throws(ControlFailure) -> ControlAnswer {
        let ruleSet = name.map { ruleSets.ruleSet($0) } ?? rules.current.ruleSet
        guard let ruleSet else {
            let hint = NearMiss.hint(name ?? "", among: ruleSets.names)
            throw ControlFailure(.notFound, "there is no rule set “\(name ?? "")”\(hint)")
        }
        return .ruleSet(
            name: ruleSet.name, version: RuleEvaluator(ruleSet: ruleSet).version,
            yaml: RuleDocument.text(of: ruleSet), canonicalJSON: ruleSet.canonicalJSON)
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
        return .done(inForce)
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

    // MARK: Mails

    /// The mail whose id is, or begins with, `text`.
    private func find(_ text: String) async throws -> MailRecord {
        let wanted = text.lowercased()
        guard !wanted.isEmpty, wanted.utf8.count <= 40,
            wanted.utf8.allSatisfy({ ($0 >= 0x30 && $0 <= 0x39) || ($0 >= 0x61 && $0 <= 0x76) })
        else {
            throw ControlFailure(.invalid, "“\(text)” is no mail id, and begins none")
        }
        let ids = try await mails.mails(startingWith: wanted, limit: 2)
        guard let id = ids.first else {
            throw ControlFailure(.notFound, "no mail's id begins with “\(text)”")
        }
        guard ids.count == 1 else {
            throw ControlFailure(.invalid, "several ids begin with “\(text)”: give more of it")
        }
        guard let record = try await mails.mail(id) else {
            throw ControlFailure(.notFound, "mail \(id) is gone")
        }
        return record
    }

    private func showMail(_ id: String) async throws -> ControlAnswer {
        let record = try await find(id)
        let actions = try await mails.actions(of: record.id)
        return .mail(MailDetailView(record, actions))
    }

    private func traceMail(_ id: String) async throws -> ControlAnswer {
        let record = try await find(id)
        let evaluator = try await rules.evaluator(ofVersion: record.ruleSetVersion)
        var known: [ActionKey: ActionRecord] = [:]
        for action in try await mails.actions(of: record.id) {
            known[action.key] = action
        }
        let facts = MailFacts(
            recipients: record.envelope.recipients, isTLS: record.envelope.tls != nil)
        let traces = evaluator.trace(facts) { key in
            known[key].map { action in
                switch action.state {
                case .retrying: .retrying
                case .done: .ended(action.disposition)
                case .dead: .givenUp
                }
            }
        }
        return .trace(
            MailTraceView(
                mail: MailView(record), ruleSet: evaluator.ruleSet.name,
                ruleSetVersion: evaluator.version, rules: traces))
    }

    private func rawMail(
        _ id: String, isStored: Bool
    ) async throws -> ControlAnswer {
        let record = try await find(id)
        var content: ByteBuffer
        switch record.bodyPlace {
        case .row where record.state == .damaged:
            content = try await mails.unverifiedContent(of: record)
        case .row: content = try await mails.content(of: record)
        case .file: content = try bodies.read(record.id, length: record.totalLength)
        case .expired:
            throw ControlFailure(.notFound, "the raw bytes of mail \(record.id) have expired")
        }
        // A damaged one may have lost even its head.
        if !isStored {
            content.moveReaderIndex(forwardBy: min(record.headLength, content.readableBytes))
        } else if let shown = MailPresentation(record), record.state != .damaged {
            // As a rule shows it that scans, where anything did.
            var front = shown.front(
                of: content, isScanEnabled: record.verdicts?.spam.status != .disabled)
            content.moveReaderIndex(forwardBy: min(shown.replacedLength, content.readableBytes))
            front.writeBuffer(&content)
            content = front
        }
        return .raw(Data(content.readableBytesView))
    }

    private func retry(_ id: String) async throws -> ControlAnswer {
        let record = try await find(id)
        switch try await mails.retry(record.id, now: time.now()) {
        case .due: break
        case .nothingToRetry:
            throw ControlFailure(.invalid, "mail \(record.id) has no action to try again")
        case .notReleased(let state):
            throw ControlFailure(
                .invalid,
                "mail \(record.id) is \(state.rawValue): release it first (martlet queue release)")
        }
        onRelease()
        return .done("the open and dead actions of mail \(record.id) run again now")
    }

    private func hold(_ id: String) async throws -> ControlAnswer {
        try await move(
            try await find(id), from: [.acting], to: .held, "is held: none of its actions runs")
    }

    private func release(_ id: String) async throws -> ControlAnswer {
        let record = try await find(id)
        if record.state == .damaged { try await accept(damaged: record) }
        return try await move(record, from: [.held, .damaged], to: .acting, "is released")
    }

    /// By the operator's word a damaged mail's file is good enough: it goes back as it is. Bytes in
    /// a row are compared whenever they are read, so there nobody's word helps.
    private func accept(damaged record: MailRecord) async throws {
        let reason: String
        do throws(StorageFailure) {
            switch record.bodyPlace {
            case .file:
                try bodies.takeBack(record.id)
                let content = try bodies.read(record.id, length: .max)
                return try await mails.takeAsItIs(record.id, content)
            case .row:
                _ = try await mails.content(of: record)
                return
            case .expired: reason = "its bytes have expired"
            }
        } catch {
            switch error {
            case .notFound: reason = "its file is gone"
            case .damaged: reason = "its bytes in the database are not those that were accepted"
            case .full, .refused, .syncFailed, .replaced: throw error
            }
        }
        throw ControlFailure(
            .invalid,
            "mail \(record.id) cannot be released: \(reason); martlet mail raw shows what there is, "
                + "martlet queue remove ends it")
    }

    private func move(
        _ record: MailRecord, from: Set<MailRecord.State>, to: MailRecord.State, _ text: String
    ) async throws -> ControlAnswer {
        guard try await mails.move(record.id, from: from, to: to)
        else {
            let wanted = from.map(\.rawValue).sorted().joined(separator: " or ")
            throw ControlFailure(
                .invalid, "mail \(record.id) is \(record.state.rawValue), not \(wanted)")
        }
        if to == .held { queue.withdraw(record.id) }
        onRelease()
        return .done("mail \(record.id) \(text)")
    }

    private func remove(_ id: String) async throws -> ControlAnswer {
        let record = try await find(id)
        // What was set aside goes too; without it there is nothing to take back.
        if record.state == .damaged { try? bodies.takeBack(record.id) }
        _ = try await mails.remove(record.id)
        queue.withdraw(record.id)
        if record.bodyPlace == .file { bodies.remove([record.id]) }
        return .done("mail \(record.id) is removed; objects that it was stored as stay")
    }

    private func resend(_ id: String) async throws -> ControlAnswer {
        let count = try await outbox.resend(message: id, now: time.now())
        guard count > 0 else {
            throw ControlFailure(.notFound, "there is no dead message “\(id)”")
        }
        onRelease()
        return .done("message \(id) is on its way again to \(count) subscriber(s)")
    }
}

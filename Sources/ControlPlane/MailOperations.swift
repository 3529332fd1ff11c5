import Foundation
import MailFlow
import MailModel
import NIOCore
import RuleEngine
import Storage

/// What an operator asks of single mails.
struct MailOperations: Sendable {
    let store: any MailStore & ReplayStore
    let bodies: any BodyFiles
    let rules: ActiveRules
    let facts: MailFactsReader
    let duties: DutyAddresses
    let queue: ActionQueue
    let time: any TimeSource
    /// Called when a mail was made due, so that nobody waits for it.
    let onRelease: @Sendable () -> Void

    /// The mail whose id is, or begins with, `text`.
    func find(_ text: String) async throws -> MailRecord {
        let wanted = text.lowercased()
        guard !wanted.isEmpty, wanted.utf8.count <= 40,
            wanted.utf8.allSatisfy({ ($0 >= 0x30 && $0 <= 0x39) || ($0 >= 0x61 && $0 <= 0x76) })
        else {
            throw ControlFailure(.invalid, "“\(text)” is no mail id, and begins none")
        }
        let ids = try await store.mails(startingWith: wanted, limit: 2)
        guard let id = ids.first else {
            throw ControlFailure(.notFound, "no mail's id begins with “\(text)”")
        }
        guard ids.count == 1 else {
            throw ControlFailure(.invalid, "several ids begin with “\(text)”: give more of it")
        }
        guard let record = try await store.mail(id) else {
            throw ControlFailure(.notFound, "mail \(id) is gone")
        }
        return record
    }

    func show(_ id: String) async throws -> ControlAnswer {
        let record = try await find(id)
        let actions = try await store.actions(of: record.id)
        let replays = try await store.replays(of: record.id, limit: MailDetailView.replaysMax)
        return .mail(MailDetailView(record, actions, replays: replays))
    }

    func trace(_ id: String) async throws -> ControlAnswer {
        let record = try await find(id)
        let evaluator = try await rules.evaluator(ofVersion: record.ruleSetVersion)
        var known: [ActionKey: ActionRecord] = [:]
        for action in try await store.actions(of: record.id) {
            known[action.key] = action
        }
        let facts = await facts(of: record, for: evaluator.needs)
        var traces = evaluator.trace(facts) { key in
            known[key]?.standing
        }
        for rule in traces.indices {
            for index in traces[rule].actions.indices {
                let action = traces[rule].actions[index]
                let key = ActionKey(
                    rule: traces[rule].rule, position: action.position, asked: action.asked,
                    recipient: traces[rule].recipient.flatMap { Mailbox($0) })
                traces[rule].actions[index].detail = known[key]?.detail
            }
        }
        return .trace(MailTraceView(record, evaluator, traces))
    }

    /// What cannot be read is not known; the rest of the trace is worth having. `object`: where the
    /// mail's bytes are, if not in the spool.
    func facts(
        of record: MailRecord, _ object: ObjectMail? = nil, for needs: MailFacts.Needs
    ) async -> MailFacts {
        guard !needs.isDisjoint(with: .content) else { return facts.facts(of: record) }
        do {
            if let object {
                return try facts.facts(of: record, try object.content(), for: needs)
            }
            let content = record.bodyPlace == .expired ? nil : try await content(of: record)
            return try facts.facts(of: record, content.map { .bytes($0) }, for: needs)
        } catch {
            var known = facts.facts(of: record)
            known.noteUnreadable(because: "\(error)")
            return known
        }
    }

    func raw(_ id: String, isStored: Bool) async throws -> ControlAnswer {
        let record = try await find(id)
        var content = try await content(of: record)
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

    private func content(of record: MailRecord) async throws -> ByteBuffer {
        switch record.bodyPlace {
        case .row where record.state == .damaged:
            return try await store.unverifiedContent(of: record)
        case .row: return try await store.content(of: record)
        case .file: return try bodies.read(record.id, length: record.totalLength)
        case .expired:
            throw ControlFailure(.notFound, "the raw bytes of mail \(record.id) have expired")
        }
    }

    func retry(_ id: String) async throws -> ControlAnswer {
        let record = try await find(id)
        switch try await store.retry(record.id, now: time.now()) {
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

    func hold(_ id: String) async throws -> ControlAnswer {
        try await move(
            try await find(id), from: [.acting], to: .held, "is held: none of its actions runs")
    }

    func release(_ id: String) async throws -> ControlAnswer {
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
                return try await store.takeAsItIs(record.id, content)
            case .row:
                _ = try await store.content(of: record)
                return
            case .expired: reason = "its bytes have expired"
            }
        } catch {
            switch error {
            case .notFound: reason = "its file is gone"
            case .damaged: reason = "its bytes in the database are not those that were accepted"
            case .full, .refused, .syncFailed, .replaced, .forbidden: throw error
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
        guard try await store.move(record.id, from: from, to: to)
        else {
            let wanted = from.map(\.rawValue).sorted().joined(separator: " or ")
            throw ControlFailure(
                .invalid, "mail \(record.id) is \(record.state.rawValue), not \(wanted)")
        }
        if to == .held { queue.withdraw(record.id) }
        onRelease()
        return .done("mail \(record.id) \(text)")
    }

    func remove(_ id: String) async throws -> ControlAnswer {
        let record = try await find(id)
        // What was set aside goes too; without it there is nothing to take back.
        if record.state == .damaged { try? bodies.takeBack(record.id) }
        _ = try await store.remove(record.id)
        queue.withdraw(record.id)
        if record.bodyPlace == .file { bodies.remove([record.id]) }
        return .done("mail \(record.id) is removed; objects that it was stored as stay")
    }
}

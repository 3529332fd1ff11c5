import MailModel
import RuleEngine
import Storage

/// What is needed to work on a claimed mail: its rules and its bytes.
struct ClaimedMails: Sendable {
    let queue: ActionQueue
    let rules: ActiveRules
    let store: any MailStore
    let bodies: any BodyFiles
    let factsReader: MailFactsReader
    let log: any ActionLog

    struct Opened {
        var evaluator: RuleEvaluator
        /// Of the row alone.
        var facts: MailFacts
        var content: MailContent
    }

    /// Nil where rules or bytes cannot be had, or an operator took the mail away: it is then held,
    /// set aside or left for later, and its claim ended.
    func open(_ mail: WaitingMail) async -> Opened? {
        guard !queue.isWithdrawn(mail.record.id) else {
            queue.release([mail.record.id])
            return nil
        }
        do throws(StorageFailure) {
            let evaluator = try await rules.evaluator(ofVersion: mail.record.ruleSetVersion)
            return Opened(
                evaluator: evaluator, facts: factsReader.facts(of: mail.record),
                content: try await content(of: mail))
        } catch {
            await giveUp(mail.record, because: error)
            return nil
        }
    }

    /// Everything that the rules of a mail ask for; nil as above.
    func facts(of mail: MailRecord, _ opened: Opened) async -> MailFacts? {
        do throws(StorageFailure) {
            return try factsReader.read(
                opened.facts, of: mail, opened.content, for: opened.evaluator.needs)
        } catch {
            await giveUp(mail, because: error)
            return nil
        }
    }

    private func content(of mail: WaitingMail) async throws(StorageFailure) -> MailContent {
        switch mail.record.bodyPlace {
        case .row:
            if let content = mail.content { return .bytes(content) }
            return .bytes(try await store.content(of: mail.record))
        case .file:
            return .file(
                path: bodies.path(of: mail.record.id), length: mail.record.totalLength)
        case .expired:
            throw .notFound("the raw mail has expired")
        }
    }

    func giveUp(_ mail: MailRecord, because failure: StorageFailure) async {
        log.journalFailed([mail.id], failure)
        do throws(StorageFailure) {
            switch failure {
            case .damaged:
                _ = try await store.move(mail.id, from: [.acting], to: .damaged)
                if mail.bodyPlace == .file { try bodies.setAside([mail.id]) }
            case .notFound:
                _ = try await store.move(mail.id, from: [.acting], to: .held)
            case .full, .refused, .syncFailed, .replaced, .forbidden:
                break
            }
        } catch {
            // A file that is gone cannot be set aside.
            if case .notFound = error {} else { log.journalFailed([mail.id], error) }
        }
        queue.release([mail.id])
    }
}

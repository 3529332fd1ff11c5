import DeliveryQueue
import Logging
import MailModel
import SMTPProtocol
import Storage

/// What becomes of sent mails: one line for each try's end, and the counters of the same.
extension MailLog: DeliveryLog {
    func ended(_ ending: TryEnding, of queued: QueuedRecipient) {
        var metadata: Logger.Metadata = [
            "mail": "\(queued.mail.id)", "to": "<\(queued.recipient.address.wireText)>",
            "destination": "\(queued.recipient.destination)",
        ]
        let word: String
        switch ending {
        case .delivered(let reply, let attempt):
            word = "delivered"
            metadata["reply"] = "\(reply.text)"
            Self.add(attempt, to: &metadata)
        case .deferred(let problem, let attempt, let next):
            word = "deferred"
            Self.add(problem, to: &metadata)
            Self.add(attempt, to: &metadata)
            metadata["next"] = "\(next.iso8601Text)"
        case .failed(let problem, let attempt):
            word = "bounced"
            Self.add(problem, to: &metadata)
            Self.add(attempt, to: &metadata)
        case .expired(let problem, let attempt):
            word = "expired"
            Self.add(problem, to: &metadata)
            if let attempt { Self.add(attempt, to: &metadata) }
        case .returned: word = "returned"
        case .suppressed(let record):
            word = "suppressed"
            metadata["reason"] = "\(record.reason.rawValue)"
        }
        metrics.add("martlet_deliveries_total{outcome=\"\(word)\"}")
        log.info("\(word)", metadata: metadata)
    }

    func rests(_ destination: DestinationRecord) {
        metrics.add("martlet_destination_rests_total")
        log.info(
            "destination rests",
            metadata: [
                "destination": "\(destination.name)", "failures": "\(destination.failures)",
                "until": "\(destination.restsUntil?.iso8601Text ?? "")",
                "error": "\(destination.detail ?? "")",
            ])
    }

    func journalFailed(_ failure: StorageFailure) {
        metrics.add("martlet_journal_failures_total")
        log.error(
            "what became of tries could not be written", metadata: ["error": "\(failure)"])
    }

    func damaged(_ queued: QueuedRecipient, _ failure: StorageFailure) {
        metrics.add("martlet_sent_mails_damaged_total")
        log.error(
            "a sent mail is damaged; its recipient is held",
            metadata: [
                "mail": "\(queued.mail.id)", "to": "<\(queued.recipient.address.wireText)>",
                "error": "\(failure)",
            ])
    }

    private static func add(_ problem: DeliveryProblem, to metadata: inout Logger.Metadata) {
        metadata["status"] = "\(problem.status)"
        metadata["error"] = "\(problem.reply?.text ?? problem.detail)"
    }

    private static func add(_ attempt: DeliveryAttempt, to metadata: inout Logger.Metadata) {
        if let remote = attempt.remote { metadata["host"] = "\(remote.name)[\(remote.address)]" }
        metadata["tls"] = "\(attempt.tls ?? "none")"
    }
}

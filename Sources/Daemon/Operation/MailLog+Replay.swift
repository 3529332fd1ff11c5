import Logging
import MailFlow
import MailModel
import Storage

/// Mails that are run again: one line for each, and one at the end.
extension MailLog: ReplayLog {
    func replayed(_ mail: MailRecord) {
        guard let mark = mail.replay else { return }
        metrics.add("martlet_mails_replayed_total")
        var metadata: Logger.Metadata = [
            "mail": "\(mail.id)", "of": "\(mark.original)", "as": "\(mark.messageID)",
            "replay": "\(mark.replay)",
        ]
        if let object = mark.object { metadata["object"] = "\(object)" }
        log.info("replayed", metadata: metadata)
    }

    func notReplayed(_ candidate: ReplayCandidates.Candidate, replay: Int) {
        guard let obstacle = candidate.obstacle else { return }
        var metadata: Logger.Metadata = [
            "mail": "\(candidate.id)", "replay": "\(replay)", "reason": "\(obstacle.rawValue)",
        ]
        if let object = candidate.object { metadata["object"] = "\(object)" }
        if let detail = candidate.detail { metadata["error"] = "\(detail)" }
        log.warning("not replayed", metadata: metadata)
    }

    func waits(_ replay: ReplayRecord, because reason: String) {
        log.warning(
            "a replay waits", metadata: ["replay": "\(replay.number)", "reason": "\(reason)"])
    }

    func ended(_ replay: ReplayRecord) {
        log.notice(
            "replay ended",
            metadata: [
                "replay": "\(replay.number)", "replayed": "\(replay.progress.replayed)",
                "left": "\(replay.progress.left.values.reduce(0, +))",
            ])
    }
}

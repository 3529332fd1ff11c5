import Logging
import MailFlow
import MailModel
import Storage

/// Mails that are run again: one line for each, and one at the end.
extension MailLog: ReplayLog {
    func replayed(_ mail: MailRecord) {
        guard let mark = mail.replay else { return }
        metrics.add("martlet_mails_replayed_total")
        log.info(
            "replayed",
            metadata: [
                "mail": "\(mail.id)", "of": "\(mark.original)", "as": "\(mark.messageID)",
                "replay": "\(mark.replay)",
            ])
    }

    func notReplayed(_ mail: MailID, _ obstacle: ReplayObstacle, replay: Int) {
        log.warning(
            "not replayed",
            metadata: [
                "mail": "\(mail)", "replay": "\(replay)", "reason": "\(obstacle.rawValue)",
            ])
    }

    func waitsForRoom(_ replay: ReplayRecord) {
        log.warning(
            "a replay waits until the disk has room",
            metadata: ["replay": "\(replay.number)"])
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

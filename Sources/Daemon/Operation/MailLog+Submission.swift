import ControlSocket
import Logging
import MailFlow
import MailModel

/// What local programs submit: a line for each mail, and the counters of all that is submitted.
extension MailLog: SubmitLog {
    func submitted(_ mail: MessageID, bytes: Int, by user: LocalUser) {
        metrics.add("martlet_mails_submitted_total")
        log.info(
            "submitted", metadata: ["mail": "\(mail)", "bytes": "\(bytes)", "user": word(user)])
    }

    func refused(_ refusal: LocalRefusal, to user: LocalUser) {
        metrics.add("martlet_local_refusals_total{kind=\"\(refusal.kind.rawValue)\"}")
        log.info("refused", metadata: ["reply": "\(refusal.text)", "user": word(user)])
    }

    func cut(_ user: LocalUser) {
        metrics.add("martlet_mails_cut_total")
        log.info("cut", metadata: ["user": word(user)])
    }

    private func word(_ user: LocalUser) -> Logger.MetadataValue {
        "\(user.name ?? "unknown") (\(user.id))"
    }
}

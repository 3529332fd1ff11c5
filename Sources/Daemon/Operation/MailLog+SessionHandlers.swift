import Logging
import MailFlow
import MailModel
import RuleEngine

extension MailLog: SessionHandlerLog {
    func notAnswered(
        _ mail: MailID, rule: String, _ question: SessionQuestion, because reason: String
    ) {
        let then = question.onFailure.rawValue
        metrics.add("martlet_session_handlers_unanswered_total{onFailure=\"\(then)\"}")
        log.warning(
            "handler not heard",
            metadata: [
                "mail": "\(mail)", "rule": "\(rule)", "handler": "\(question.handler)",
                "reason": "\(reason)", "then": "\(then)",
            ])
    }
}

import Logging
import MailFlow
import MailModel
import Storage

/// What came back of sent mails: one line for each thing that is told, and the counters of the same.
extension MailLog: FeedbackLog {
    func told(_ news: FeedbackNews, of queued: QueuedRecipient, by report: MailID) {
        metrics.add("martlet_feedback_total{kind=\"\(news.word)\"}")
        log.info(
            "feedback",
            metadata: [
                "mail": "\(queued.mail.id)", "to": "<\(queued.recipient.address.wireText)>",
                "kind": "\(news.word)", "report": "\(report)",
            ])
    }
}

/// The sentences of bounces in prose, as servers are met to write them. All are folded.
enum FreeFormPhrases {
    /// Who sends reports: local parts.
    static let daemons: Set<String> = [
        "mailer-daemon", "mailerdaemon", "mailer_daemon", "postmaster", "post_master", "mdaemon",
        "mail-daemon", "maildaemon", "mail.delivery.system", "mail-delivery-system", "mailsystem",
        "system.administrator", "postoffice", "ndr", "mail-system", "daemon", "mailer",
    ]

    static let daemonNames = [
        "mail delivery sub", "mail delivery system", "mail system", "mailer-daemon", "postmaster",
        "system administrator", "delivery subsystem", "mail administrator", "mailer daemon",
        "ndr administrator", "mail service",
    ]

    static let subjects = [
        "undeliver", "delivery fail", "delivery status notification", "failure notice",
        "returned mail", "mail delivery failed", "mail system error", "delivery has failed",
        "could not be delivered", "could not be deli", "nondeliverable", "non-delivery",
        "non delivery", "mail error", "delivery problem", "mail delivery", "rejected mail",
        "failed mail", "delivery notification", "mail could not be", "not delivered",
        "delivery error", "returned to sender", "return to sender", "user unknown",
        "delivery report", "message delayed", "delayed mail", "failure delivery", "bounced",
        "delivery delay", "not yet been delivered", "mail failure", "failed delivery",
        "delivery incomplete", "unzustellbar", "不達", "送信エラー", "配信", "недостав", "не доставлено",
        "échec", "退信", "delivery warning", "message delivery", "unable to deliver",
        "cannot deliver", "mail_error", "non remis", "mail failed", "メールシステム", "送信できません", "エラー",
        "投递失败", "发送失败", "发送失敗", "寄送失敗", "系统退信", "nicht zustellbar", "mancata consegna",
        "no entregado",
    ]

    /// What says that a delivery failed or waits.
    static let failures = [
        "could not be delivered", "cannot be delivered", "can not be delivered",
        "couldn't be delivered", "wasn't able to deliver", "was not able to deliver",
        "unable to deliver", "was not delivered", "were not delivered", "not be delivered",
        "did not reach", "permanent fatal error", "transient non-fatal error", "undeliverable",
        "delivery to the following", "delivery of the following", "following address",
        "delivery has failed", "delivery failed", "failed recipient", "returned to sender",
        "error delivering", "has been delayed", "not yet been delivered", "returned mail",
        "delivering your message", "error was detected while processing",
        "delivery status notification",
        "could not deliver", "error occurred while trying to deliver", "unable to send",
        "could not be sent", "was rejected", "not been delivered", "delivery failure",
        "message not delivered", "following recipient", "transcript of session", "couldn't deliver",
        "has been returned", "no such user", "user unknown", "unknown user", "failure reason",
        "account is disabled", "over quota", "mailbox is full", "mailbox full", "mailbox exceeds",
        "invalid final delivery", "delivery problems", "has been postponed", "error-for:",
        "automatically rejected", "error message below", "non-deliverable", "nicht zugestellt",
        "送信できませんでした", "无法发送", "无法投递", "无法送达", "無法傳送", "no valid recipients",
        "failed addresses", "配信できません", "doručen", "не может быть доставлено", "n'a pas pu",
        "no pudo ser entregado", "nao pode ser", "não pôde ser", "konnte nicht",
        "impossible de remettre",
        "non è stato possibile", "is not accepting", "not accepting mail", "your message to",
        "failed permanently", "user not known", "action not taken", "permanent error",
        "no longer accept", "does not exist", "delivery failed after", "存在しない", "could not send",
        "rejected by a remote", "disk quota", "failed to deliver", "can't be delivered",
    ]

    /// What says that it is still tried.
    static let delays = [
        "has been delayed", "not yet been delivered", "warning message only", "will be retried",
        "delivery attempts will continue", "will continue to attempt", "will continue to try",
        "just a warning", "has been postponed", "transient non-fatal", "will keep trying",
        "still being retried", "message delayed", "will retry", "delivery is delayed",
        "not necessary to resend", "do not need to resend", "is being delayed",
    ]

    /// Subjects of what is still tried.
    static let lateSubjects = [
        "(delay)", "delayed", "warning: message", "warning: could not send", "delivery warning",
        "delivery delay", "temporary failure",
    ]

    /// What stands before the address of a recipient in a sentence.
    static let lead = [
        "your message to", "your mail to", "your email to", "message for", "message to", "mail to",
        "delivering your mail to", "delivered to", "deliver to", "delivery to", "addressed to",
        "rcpt to:", "recipient", "recipients", "address", "user", "mailbox", "generated by",
        "generated from", "expanded from:", "account", "group",
        "problem delivering your message to",
        "unavailable to", "undeliverable to", "sent to", "message addressed to", "delivered a",
        "mailing list", "not delivered to", "message was not delivered to", "email to",
        "was addressed,",
    ]

    /// What stands before the address of a sender.
    static let foreignLead = ["from", "sender", "sent by", "contact", "on behalf of", "mailed by"]

    /// Labels whose addresses are of others, or of the mail reported on.
    static let foreignLabels: Set<String> = [
        "from", "cc", "subject", "reply-to", "sender", "return-path", "received", "message-id",
        "date", "sent", "contact", "for assistance", "system contact", "sent by", "envelope-from",
        "mail from", "errors-to", "x-sender", "references", "in-reply-to", "de", "von",
    ]

    /// Sentences that name somebody to turn to.
    static let helpers = [
        "contact", "assistance", "forward this", "send mail to", "questions",
        "e-mail to postmaster",
        "reach postmaster", "help", "please mail", "unsubscribe", "envelope-from", "sender:",
        "from:", "from address", "sent by", "mail from:",
    ]
}

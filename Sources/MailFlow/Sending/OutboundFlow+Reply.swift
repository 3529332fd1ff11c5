package import Actions
import MailModel
import RuleEngine
import Storage

/// Answers that rules give by themselves, to who is known to have written. RFC 3834
extension OutboundFlow {
    package func reply(_ mail: AnsweredMail) async -> SubmitterAnswer {
        await withTaskExecutorPreference(executor) { await answer(mail) }
    }

    private func answer(_ answered: AnsweredMail) async -> SubmitterAnswer {
        let section: HeaderBlock
        do throws(StorageFailure) {
            section = try read(answered.mail, answered.content).section
        } catch {
            onFailure(error)
            return .failed("\(error)")
        }
        let sender: Mailbox
        switch addressee(of: answered.mail, section) {
        case .known(let known): sender = known
        case .nobody(let reason): return .withheld(reason)
        }
        let reply = answered.reply
        let obstacle = ReplyObstacle(
            sender, section, answered.mail.verdicts,
            addresses: answered.recipients + [answered.author],
            isOnlyWhereNamed: reply.isOnlyWhereNamed)
        if let obstacle { return .withheld(obstacle.reason) }
        guard answered.author.localPart.utf8.allSatisfy({ $0 < 128 }) else {
            return .refused("\(answered.author.wireText) has no form in ASCII to answer from")
        }
        return await sendOwn(own(answered, to: sender)) { id, now in
            AutoReplyMail(
                id: id, at: now, domain: settings.returnDomain, from: answered.author, to: sender,
                subject: reply.subject, text: reply.text, html: reply.html, original: section
            ).bytes
        }
    }

    private func own(_ answered: AnsweredMail, to sender: Mailbox) -> OwnMail {
        let days = answered.reply.everyDays
        let author = answered.author.wireText.lowercased()
        let key = "reply:\(answered.rule):\(author.utf8.count):\(author)"
        return OwnMail(
            to: sender, author: answered.author, operation: SendingFacts.replyOperation,
            stableID: answered.stableID, requiresTLS: answered.mail.envelope.requiresTLS,
            occasion: OwnMail.Occasion(
                key: key + SuppressionRecord.address(sender), keptDays: days,
                repeated: "\(sender.wireText) is answered once in \(days) days"))
    }
}

package import Actions
import MailModel
import RuleEngine
import Storage

/// Reports that rules have sent: of a mail that is not wanted, to who is known to have sent it.
extension OutboundFlow {
    package func bounce(_ mail: BouncedMail) async -> SubmitterAnswer {
        await withTaskExecutorPreference(executor) { await report(on: mail) }
    }

    private func report(on bounced: BouncedMail) async -> SubmitterAnswer {
        let section: HeaderBlock
        do throws(StorageFailure) {
            section = try read(bounced.mail, bounced.content).section
        } catch {
            onFailure(error)
            return .failed("\(error)")
        }
        let target: Mailbox
        switch addressee(of: bounced.mail, section) {
        case .known(let sender): target = sender
        case .nobody(let reason): return .withheld(reason)
        }
        return await sendOwn(
            OwnMail(
                to: target, author: bounced.sender, operation: SendingFacts.reportOperation,
                stableID: bounced.stableID, requiresTLS: bounced.mail.envelope.requiresTLS)
        ) { id, now in
            let bounce = bounced.bounce
            var report = DeliveryReportMail(
                id: id, at: now, domain: settings.returnDomain, to: target,
                reportingMTA: settings.hostname, arrivedAt: bounced.mail.receivedAt,
                recipients: bounced.recipients.map { recipient in
                    DeliveryReportMail.Recipient(
                        address: recipient, action: .failed, status: bounce.statusTold,
                        reply: bounce.reply)
                },
                original: .header(section.bytes))
            report.author = bounced.sender
            return report.bytes
        }
    }
}

import DeliveryQueue
import Events
import MailModel
import NIOCore
import Storage

/// What is told of recipients that are not tried, because a list has them.
extension SendingOffice {
    /// What is told of a mail that is being taken: that it was sent, and who of its recipients will
    /// not be tried. `suppressed`: whom of the recipients and the sender a list has; a sender whom
    /// one has gets no report. `body`: for those that get the mail back whole.
    func announce(
        _ sending: AcceptedSending, suppressed: [String: SuppressionRecord],
        returning body: ByteBuffer?
    ) -> Consequences {
        let recipients = sending.recipients.map(\.address)
        var told = Consequences(deliveries: publish(.send, sending.mail, recipients))
        for recipient in sending.recipients where recipient.state == .suppressed {
            guard let record = suppressed[SuppressionRecord.address(recipient.address)] else {
                continue
            }
            let queued = QueuedRecipient(mail: sending.mail, recipient: recipient)
            let more = self.suppressed(
                by: record, queued, among: recipients,
                returning: queued.isReturnedWhole ? body : nil)
            told.deliveries += more.deliveries
            told.reports += more.reports
        }
        told.reports.removeAll { report in
            report.recipients.contains {
                suppressed[SuppressionRecord.address($0.address)] != nil
            }
        }
        return told
    }

    /// An event, or, where no topic is told, a mail to the sender, who would hear nothing otherwise.
    /// SES: feedback goes by mail where nothing else is set up for it, ses.md E.5
    func suppressed(
        by record: SuppressionRecord, _ queued: QueuedRecipient, among recipients: [Mailbox],
        returning body: ByteBuffer?
    ) -> Consequences {
        let now = time.now()
        let notice = DeliveryNotice(record)
        let event = event(of: record, queued.recipient, notice, now)
        let deliveries = publish(event, queued.mail, recipients)
        guard deliveries.isEmpty, queued.recipient.notification.wants(.failure) else {
            return Consequences(deliveries: deliveries)
        }
        return Consequences(
            reports: report(
                .failed, DeliveryNotice.suppressed, notice, queued, now, returning: body))
    }

    private func event(
        of record: SuppressionRecord, _ recipient: SentRecipient, _ notice: DeliveryNotice,
        _ now: Timestamp
    ) -> SendingEvent {
        let id = MessageID(at: now, random: random)
        let subtype: BounceType.Subtype
        switch (record.scope, record.reason) {
        case (.global, _): subtype = .suppressed
        case (.account, .bounce): subtype = .onAccountSuppressionList
        case (.account, .complaint):
            return .complaint(
                SendingEvent.Complaint(
                    id: id, at: now, recipients: [recipient.address.wireText],
                    subtype: .onAccountSuppressionList))
        }
        return .bounce(
            SendingEvent.Bounce(
                id: id, at: now, type: BounceType(.permanent, subtype),
                recipients: [told(recipient, notice)]))
    }
}

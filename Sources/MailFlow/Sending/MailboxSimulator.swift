package import DeliveryQueue
import Feedback
package import MailModel
import SMTPProtocol
import Storage

/// Addresses of the server's own at which mails end as the addresses say, so that whoever sends can
/// try what comes of it. No mail leaves for them, and none of them gets on the suppression list.
/// ses.md D.11
package struct MailboxSimulator: Sendable {
    private enum Scenario: String {
        case success, bounce, complaint, ooto, suppressionlist
    }

    private static let name = "Martlet mailbox simulator"

    /// `simulator.` and the domain that it stands under.
    package let domain: Domain

    /// Nil where the name would be too long.
    package init?(under parent: Domain) {
        guard let domain = try? Domain(parsing: "simulator.\(parent.ascii)") else { return nil }
        self.domain = domain
    }

    /// Nil where it is none of the addresses. SES: `bounce+anything@` is `bounce@`.
    private func scenario(of mailbox: Mailbox) -> Scenario? {
        guard mailbox.domain == domain else { return nil }
        return Scenario(rawValue: mailbox.localPartWithoutLabel ?? mailbox.foldedLocalPart)
    }

    /// How a try for one of its addresses ends.
    func attempt(for mailbox: Mailbox) -> DeliveryAttempt {
        switch scenario(of: mailbox) {
        case .success, .complaint, .ooto:
            return DeliveryAttempt(
                .delivered(
                    RemoteReply(
                        code: 250, enhanced: EnhancedStatusCode(2, 6, 0),
                        lines: ["2.6.0 Message received"])))
        case .bounce, .suppressionlist, nil:
            let status = EnhancedStatusCode(5, 1, 1)
            return DeliveryAttempt(
                .failed(
                    DeliveryProblem(
                        .mail, status: status,
                        reply: RemoteReply(
                            code: 550, enhanced: status, lines: ["5.1.1 user unknown"]),
                        detail: Self.name)))
        }
    }

    /// What comes back of a mail that was delivered to one of its addresses; nil: nothing does.
    func news(of mailbox: Mailbox, at now: Timestamp) -> FeedbackNews? {
        switch scenario(of: mailbox) {
        case .complaint:
            var report = FeedbackReport(feedbackType: "abuse")
            report.userAgent = Self.name
            report.arrivalDate = now.rfc5322Text
            return .complaint(report)
        case .ooto:
            return .answer(subject: "Out of the office")
        case .success, .bounce, .suppressionlist, nil: return nil
        }
    }

    /// What stands against an address as if the global list had it; nil where nothing does.
    func suppression(of mailbox: Mailbox, at now: Timestamp) -> SuppressionRecord? {
        guard scenario(of: mailbox) == .suppressionlist else { return nil }
        return SuppressionRecord(
            scope: .global, address: SuppressionRecord.address(mailbox), reason: .bounce,
            changedAt: now)
    }
}

/// Keeps the simulator's mails from leaving; what goes elsewhere is the next courier's.
package struct SimulatingCourier: Courier {
    private let simulator: MailboxSimulator
    private let next: any Courier

    package init(_ simulator: MailboxSimulator, next: any Courier) {
        self.simulator = simulator
        self.next = next
    }

    package func deliver(_ mail: OutgoingMail, by route: Route) async -> DeliveryAttempt {
        guard mail.recipient.domain == simulator.domain else {
            return await next.deliver(mail, by: route)
        }
        return simulator.attempt(for: mail.recipient)
    }
}

import InboundSMTP
import Logging
import MailFlow
import MailModel
import RuleEngine
import SMTPProtocol
import Storage

/// The mail log: one line for each accept, refusal and action; and the counters of the same.
struct MailLog: SessionLog, ActionLog {
    let log: Logger
    let metrics: ServerMetrics

    // MARK: Sessions

    func happened(_ event: SessionEvent, peer: SessionPeer) {
        switch event {
        case .accepted(let mail, let envelope, let bytes):
            metrics.add("martlet_mails_accepted_total")
            metrics.add("martlet_mail_bytes_accepted_total", bytes)
            log.info(
                "accepted",
                metadata: [
                    "mail": "\(mail)", "from": "<\(envelope.mailFrom.wireText)>",
                    "to":
                        "\(envelope.recipients.map { "<\($0.wireText)>" }.joined(separator: ","))",
                    "bytes": "\(bytes)", "peer": "\(peer.address)",
                    "name": "\(envelope.peerName.verified?.ascii ?? "unknown")",
                    "helo": "\(envelope.helo)",
                    "tls": "\(envelope.tls ?? "none")",
                ])
        case .submitted(let mail, let envelope, let bytes):
            metrics.add("martlet_mails_submitted_total")
            log.info(
                "submitted",
                metadata: [
                    "mail": "\(mail)", "from": "<\(envelope.mailFrom.wireText)>",
                    "to":
                        "\(envelope.recipients.map { "<\($0.wireText)>" }.joined(separator: ","))",
                    "bytes": "\(bytes)", "peer": "\(peer.address)",
                    "tls": "\(envelope.tls ?? "none")",
                ])
        case .loggedIn(let key):
            metrics.add("martlet_logins_total")
            log.info("logged in", metadata: ["key": "\(key)", "peer": "\(peer.address)"])
        case .refused(let reply, let subject, let rule):
            metrics.add("martlet_refusals_total{code=\"\(reply.code)\"}")
            var metadata: Logger.Metadata = [
                "reply": "\(Self.text(reply))", "about": "\(subject)", "peer": "\(peer.address)",
            ]
            if let rule { metadata["rule"] = "\(rule)" }
            log.info("refused", metadata: metadata)
        case .cut(let mailFrom, let bytes):
            metrics.add("martlet_mails_cut_total")
            log.info(
                "cut",
                metadata: [
                    "from": "<\(mailFrom.wireText)>", "bytes": "\(bytes)",
                    "peer": "\(peer.address)",
                ])
        case .ended(let reply):
            metrics.add("martlet_sessions_ended_total{code=\"\(reply.code)\"}")
            log.info(
                "ended", metadata: ["reply": "\(Self.text(reply))", "peer": "\(peer.address)"])
        }
    }

    private static func text(_ reply: SMTPReply) -> String {
        "\(reply.code) \(reply.enhanced.map { "\($0) " } ?? "")\(reply.lines[0])"
    }

    func peerFailed(_ peer: SessionPeer, _ reason: String) {
        log.debug(
            "connection failed", metadata: ["peer": "\(peer.address)", "reason": "\(reason)"])
    }

    func proxyFailed(_ proxy: SessionPeer, _ reason: String) {
        metrics.add("martlet_proxy_failures_total")
        log.warning(
            "proxy dropped", metadata: ["proxy": "\(proxy.address)", "reason": "\(reason)"])
    }

    func cannotAccept(_ reason: String) {
        metrics.add("martlet_accept_failures_total")
        log.error("connections cannot be accepted for now", metadata: ["reason": "\(reason)"])
    }

    // MARK: Actions

    func ended(_ record: ActionRecord) {
        metrics.add(
            "martlet_actions_total{kind=\"\(record.kind)\",state=\"\(record.state.rawValue)\"}")
        var metadata: Logger.Metadata = [
            "mail": "\(record.mail)", "rule": "\(record.key.rule)",
            "action": "\(record.kind)/\(record.key.place)",
            "state": "\(record.state.rawValue)", "attempt": "\(record.attempts)",
            "detail": "\(record.detail)",
        ]
        if let recipient = record.key.recipient { metadata["for"] = "\(recipient.wireText)" }
        switch record.state {
        case .done: log.info("action", metadata: metadata)
        case .retrying: log.warning("action", metadata: metadata)
        case .dead: log.error("action", metadata: metadata)
        }
    }

    func retired(_ mail: MailID) {
        metrics.add("martlet_mails_retired_total")
        log.debug("retired", metadata: ["mail": "\(mail)"])
    }

    func judged(_ mail: MailID, _ verdicts: VerdictRecord) {
        let found = [
            ("spf", verdicts.spf), ("dkim", verdicts.dkim), ("dmarc", verdicts.dmarc),
            ("spam", verdicts.spam), ("virus", verdicts.virus),
        ]
        let isUndecided = found.contains { $0.1.status == .processingFailed }
        metrics.add("martlet_judgements_total{outcome=\"\(isUndecided ? "undecided" : "done")\"}")
        var metadata: Logger.Metadata = ["mail": "\(mail)"]
        for (check, finding) in found { metadata[check] = "\(finding.status.rawValue)" }
        log.debug("judged", metadata: metadata)
    }

    func judgementPostponed(_ mail: MailID, _ reason: String, isNews: Bool) {
        metrics.add("martlet_judgements_total{outcome=\"postponed\"}")
        log.log(
            level: isNews ? .warning : .debug,
            "not judged yet; nothing is done with it until then",
            metadata: ["mail": "\(mail)", "reason": "\(reason)"])
    }

    func journalFailed(_ mails: [MailID], _ failure: StorageFailure) {
        log.error(
            "storage failed; what was done may be done again",
            metadata: [
                "mails": "\(mails.prefix(10).map(\.text).joined(separator: ","))",
                "error": "\(failure)",
            ])
    }
}

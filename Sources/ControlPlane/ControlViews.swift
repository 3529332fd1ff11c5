import MailModel
package import RuleEngine
package import Storage

/// What people and scripts see of a mail. Times are ISO 8601 in UTC.
package struct MailView: Sendable, Codable {
    package var id: String
    package var receivedAt: String
    package var state: String
    /// Why the mail could not be judged so far; nothing is done with it until it is.
    package var waitsFor: String?
    package var mailFrom: String
    package var recipients: [String]
    /// As stored: with our header block.
    package var bytes: Int
    package var isUntaken: Bool
    /// Nil for a mail as it came.
    package var replay: ReplayMarkView?

    init(_ record: MailRecord) {
        id = record.id.text
        receivedAt = record.receivedAt.iso8601Text
        state = record.state.rawValue
        waitsFor = record.waitsFor
        mailFrom = record.envelope.mailFrom.wireText
        recipients = record.envelope.recipients.map(\.wireText)
        bytes = record.totalLength
        isUntaken = record.isUntaken
        replay = record.replay.map(ReplayMarkView.init)
    }
}

/// One mail with all that is known of it.
package struct MailDetailView: Sendable, Codable {
    package var mail: MailView
    package var helo: String
    package var peerAddress: String
    /// What the DNS calls the peer; nil where it does not, or was not known in time.
    package var peerName: String?
    /// `verified`, `unconfirmed` (the name does not lead back to the address), `absent` or
    /// `unknown`.
    package var peerNameState: String
    package var tls: String?
    /// Whether its sender asked for TLS all the way (REQUIRETLS).
    package var requiresTLS: Bool
    package var ruleSetVersion: String
    package var content: String
    /// What the mail was found to be; empty until it was judged, and where nothing judges.
    package var verdicts: [VerdictView]
    /// Which lists and scanners were asked about it.
    package var inquiries: [InquiryView]
    package var actions: [ActionView]
    /// The ids under which it was run again, the oldest first.
    package var replays: [String]

    static let replaysMax = 100

    init(_ record: MailRecord, _ actions: [ActionRecord], replays: [MailID]) {
        mail = MailView(record)
        helo = record.envelope.helo
        peerAddress = record.envelope.peerAddress
        peerName = record.envelope.peerName.domain?.ascii
        peerNameState = record.envelope.peerName.state ?? "unknown"
        tls = record.envelope.tls
        requiresTLS = record.envelope.requiresTLS
        ruleSetVersion = record.ruleSetVersion
        content = record.bodyPlace.rawValue
        verdicts = record.verdicts.map(VerdictView.all) ?? []
        inquiries = record.verdicts.map(InquiryView.all) ?? []
        self.actions = actions.map(ActionView.init)
        self.replays = replays.map(\.text)
    }
}

package struct ActionView: Sendable, Codable {
    package var rule: String
    package var position: Int
    /// Of one that the handler at that position asked for: its number in the answer, from 1.
    package var asked: Int?
    /// Whom alone it is done for; nil where the rules are asked once for all recipients.
    package var recipient: String?
    package var kind: String
    package var state: String
    package var attempts: Int
    package var lastAttemptAt: String
    package var nextAttemptAt: String?
    package var disposition: String
    package var detail: String

    /// `2`, or `2+1` for the first that a handler asked for.
    package var place: String {
        ActionKey(rule: rule, position: position, asked: asked).place
    }

    init(_ record: ActionRecord) {
        rule = record.key.rule
        position = record.key.position
        asked = record.key.asked
        recipient = record.key.recipient?.wireText
        kind = record.kind
        state = record.state.rawValue
        attempts = record.attempts
        lastAttemptAt = record.lastAttemptAt.iso8601Text
        nextAttemptAt = record.nextAttemptAt?.iso8601Text
        disposition = record.disposition.rawValue
        detail = record.detail
    }
}

/// Why a mail went as it went: what it was found to be, who was asked, and each rule of the set of
/// its arrival.
package struct MailTraceView: Sendable, Codable {
    package var mail: MailView
    package var verdicts: [VerdictView]
    package var inquiries: [InquiryView]
    package var ruleSet: String
    package var ruleSetVersion: String
    package var rules: [RuleTrace]

    init(_ record: MailRecord, _ evaluator: RuleEvaluator, _ rules: [RuleTrace]) {
        mail = MailView(record)
        verdicts = record.verdicts.map(VerdictView.all) ?? []
        inquiries = record.verdicts.map(InquiryView.all) ?? []
        ruleSet = evaluator.ruleSet.name
        ruleSetVersion = evaluator.version
        self.rules = rules
    }
}

package struct RuleSetView: Sendable, Codable {
    package var name: String
    package var file: String
    package var rules: Int
    package var isActive: Bool
    /// Why the file does not load; then an earlier version may be in force.
    package var problems: [String]
}

package struct DeadMessageView: Sendable, Codable {
    package var message: String
    package var topic: String
    package var subscriber: String
    package var attempts: Int
    package var createdAt: String
    package var error: String

    init(_ delivery: TopicDelivery) {
        message = delivery.message.id
        topic = delivery.message.topic
        subscriber = delivery.subscriber
        attempts = delivery.attempts
        createdAt = delivery.message.createdAt.iso8601Text
        error = delivery.lastError ?? ""
    }
}

package struct StatusView: Sendable, Codable {
    package var hostname: String
    package var activeRuleSet: String
    package var ruleSetVersion: String
    package var mails: MailCounts
    /// Those whose raw bytes are still kept.
    package var retiredMails: Int
    /// Messages to topics, each counted for each subscriber that it has not reached.
    package var waitingMessages: Int
    package var deadMessages: Int
    /// Nil where no name server takes records from us.
    package var serviceZone: ServiceZoneView?
    /// Nil where nothing is sent.
    package var sending: SendingStatusView?
}

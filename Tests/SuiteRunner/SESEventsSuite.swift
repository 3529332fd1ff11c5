import Events
import Foundation
import MailModel
import RuleEngine

/// The events of received mails that AWS's own libraries hold: a mail with the same header fields
/// and the same action has to give the same JSON.
///
/// What names their machines (ids, times, functions, buckets) is taken for the type of its value;
/// the rest for the value. The set's other files are envelopes of SNS.
enum SESEventsSuite: OutsideSuite {
    static let name = "ses-events"

    static func results(in folder: String) throws -> [SuiteResult] {
        try SuiteFiles.paths(in: folder, ending: ".json").flatMap { path in
            let file = try SuiteFiles.json("\(folder)/\(path)") as? [String: Any]
            let record = (file?["Records"] as? [[String: Any]])?.first ?? file
            guard let record, let ses = record["ses"] as? [String: Any] else {
                return [SuiteResult]()
            }
            let ours = try JSONSerialization.jsonObject(with: Data(event(ses)))
            guard let records = (ours as? [String: Any])?["Records"] as? [[String: Any]] else {
                throw SuiteProblem("an event without records")
            }
            let theirs = leaves(record)
            let mine = leaves(records[0])
            return Set(theirs.keys).union(mine.keys).sorted().map { place in
                SuiteResult(
                    case: path, step: place, theirs: theirs[place] ?? "none",
                    ours: mine[place] ?? "none")
            }
        }
    }

    private static func leaves(_ value: Any, at place: String = "") -> [String: String] {
        if let object = value as? [String: Any] {
            return object.reduce(into: [:]) { all, entry in
                let inner = place.isEmpty ? entry.key : "\(place).\(entry.key)"
                all.merge(leaves(entry.value, at: inner)) { first, _ in first }
            }
        }
        if let list = value as? [Any] {
            return list.enumerated().reduce(into: [:]) { all, entry in
                all.merge(leaves(entry.element, at: "\(place)[\(entry.offset)]")) { first, _ in
                    first
                }
            }
        }
        if machines.contains(place) { return [place: value is String ? "a text" : "a number"] }
        return [place: Shown.text("\(value)")]
    }

    private static let machines: Set<String> = [
        "ses.mail.messageId", "ses.mail.timestamp", "ses.mail.source", "ses.receipt.timestamp",
        "ses.mail.commonHeaders.returnPath", "ses.receipt.action.topicArn",
        "ses.receipt.action.functionArn",
    ]

    // MARK: The same mail

    private static func event(_ ses: [String: Any]) throws -> [UInt8] {
        guard let mail = ses["mail"] as? [String: Any],
            let receipt = ses["receipt"] as? [String: Any],
            let headers = mail["headers"] as? [[String: String]],
            let recipients = receipt["recipients"] as? [String],
            let milliseconds = receipt["processingTimeMillis"] as? Int64,
            let id = MailID(String(repeating: "0", count: 40))
        else { throw SuiteProblem("an event of another form") }
        let text = headers.map { "\($0["name"] ?? ""): \($0["value"] ?? "")\r\n" }.joined()
        let received = ReceivedMail(
            id: id, receivedAt: Timestamp(milliseconds: 0),
            mailFrom: (mail["source"] as? String).flatMap { Mailbox($0) }.map { .mailbox($0) }
                ?? .null,
            recipients: recipients.compactMap { Mailbox($0) },
            header: HeaderBlock(Array((text + "\r\n").utf8)[...]))
        return ReceiptEvents.lambda(
            received,
            Receipt(
                recipients: received.recipients, processingMilliseconds: milliseconds,
                verdicts: verdicts(receipt), action: try action(receipt)))
    }

    private static func verdicts(_ receipt: [String: Any]) -> EventVerdicts {
        let status: (String) -> ReceiptVerdict = { name in
            (receipt[name] as? [String: String])?["status"].flatMap(ReceiptVerdict.init)
                ?? .disabled
        }
        var verdicts = EventVerdicts()
        verdicts.spam = status("spamVerdict")
        verdicts.virus = status("virusVerdict")
        verdicts.spf = status("spfVerdict")
        verdicts.dkim = status("dkimVerdict")
        verdicts.dmarc = status("dmarcVerdict")
        verdicts.dmarcPolicy = receipt["dmarcPolicy"] as? String
        return verdicts
    }

    private static func action(_ receipt: [String: Any]) throws -> ReceiptActionObject {
        let told = receipt["action"] as? [String: String] ?? [:]
        let topic = told["topicArn"].map { _ in "topic" }
        let action: ReceiptAction
        switch told["type"] {
        case "S3":
            action = .store(
                bucket: told["bucketName"] ?? "", prefix: told["objectKeyPrefix"], topic: topic,
                onFailure: .hold)
        case "Lambda":
            action = .invoke(
                handler: "handler", type: .event, topic: topic, onFailure: .hold)
        case "Bounce":
            action = .bounce(
                ReceiptBounce(
                    replyCode: told["smtpReplyCode"].flatMap { Int($0) } ?? 0,
                    status: told["statusCode"].flatMap { EnhancedStatus(in: $0) },
                    message: told["message"] ?? "", sender: told["sender"] ?? "", topic: topic))
        case "SNS": action = .notify(topic: "topic", encoding: .utf8)
        default: throw SuiteProblem("an action \(told["type"] ?? "without a type")")
        }
        guard let object = ReceiptActionObject(action, objectKey: told["objectKey"]) else {
            throw SuiteProblem("an action without an object")
        }
        return object
    }
}

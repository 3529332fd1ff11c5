import Feedback
import MailModel

extension FuzzTarget {
    /// The fields of a delivery status notification, in a mail around them: recipients are bounded,
    /// and what is told of them is text that a log may show.
    static let deliveryStatus = FuzzTarget("delivery-status") { bytes in
        try FeedbackForms.check(FeedbackForms.report("delivery-status", bytes))
    }

    /// As `deliveryStatus`, the fields of a complaint.
    static let feedbackReport = FuzzTarget("feedback-report") { bytes in
        let feedback = FeedbackForms.report("feedback-report", bytes)
        try requireEqual(feedback.kind == .other, false, "a complaint is one")
        try FeedbackForms.check(feedback)
    }

    /// A whole mail, which may be any of them.
    static let feedback = FuzzTarget("feedback") { bytes in
        try FeedbackForms.check(MailFeedback.read(MIMEMessage(bytes)))
    }

    /// An aggregate report's XML, or what it is packed in: a report with records, or a reason.
    static let aggregateReport = FuzzTarget("aggregate-report") { bytes in
        try FeedbackForms.check(.aggregate(AggregateReport.read(packed: bytes)))
    }

    /// An archive, of any form: bounded, or refused with a reason.
    static let reportArchive = FuzzTarget("report-archive") { bytes in
        do throws(ReportRefusal) {
            let contents = try ReportArchive.contents(bytes)
            try FeedbackForms.checkSize(contents)
        } catch {
            try FeedbackForms.check(error)
        }
    }

    /// A date in a header or a report: what is read can be written, and is read again as the same.
    static let date = FuzzTarget("date") { bytes in
        guard let time = Timestamp(rfc5322: String(decoding: bytes, as: UTF8.self)) else { return }
        try requireEqual(Timestamp(rfc5322: time.rfc5322Text), time, "a date that was read")
    }

    /// A TLS report's JSON.
    static let tlsReport = FuzzTarget("tls-report") { bytes in
        try FeedbackForms.check(.tls(TLSReport.read(packed: bytes)))
    }
}

private enum FeedbackForms {
    static func report(_ type: String, _ fields: [UInt8]) -> MailFeedback {
        let head = """
            From: <MAILER-DAEMON@mx.example>
            Content-Type: multipart/report; report-type=\(type); boundary="="

            --=
            Content-Type: message/\(type)


            """
        return MailFeedback.read(MIMEMessage(Array(head.utf8) + fields))
    }

    static func check(_ feedback: MailFeedback) throws {
        switch feedback {
        case .delivery(let report):
            try require(
                report.recipients.count <= DeliveryReport.recipientsMax, "too many recipients")
            for recipient in report.recipients {
                try require(
                    recipient.address.utf8.allSatisfy { $0 >= 32 && $0 != 127 },
                    "an address with controls")
            }
        case .aggregate(.report(let report)):
            try require(!report.records.isEmpty, "a report without records")
        case .aggregate(.refused(let refusal)), .tls(.refused(let refusal)): try check(refusal)
        case .complaint, .autoReply, .tls(.report), .none: break
        }
    }

    static func checkSize(_ contents: [UInt8]) throws(ReportRefusal) {
        guard contents.count <= ReportArchive.bytesMax else {
            throw ReportRefusal("", found: "a bomb", expected: "a bounded file")
        }
    }

    static func check(_ refusal: ReportRefusal) throws {
        try require(
            !refusal.place.isEmpty && !refusal.found.isEmpty && !refusal.expected.isEmpty,
            "refused without a reason")
    }
}

/// The header section of a mail as it leaves: the submitted one with what is for us taken out, and
/// our own fields; everything else keeps its bytes and its order. SES: ses.md D.4
///
/// `Date` and `Message-ID` are ours, where the sender's stood; what was missing comes last.
package struct SentHeader: Sendable {
    /// What we write.
    package struct Stamp: Sendable {
        package var id: MessageID
        /// Right side of the Message-ID.
        package var domain: Domain
        /// A Message-ID that the sender gave stays. SES replaces every one.
        package var keepsMessageID: Bool
        package var date: Timestamp
        /// Comes on top.
        package var received: ComposedField?
        /// Written where the sender gave no `Feedback-ID`: receivers count by one alone.
        package var feedbackID: FeedbackID?

        package init(
            id: MessageID, domain: Domain, keepsMessageID: Bool = false, date: Timestamp,
            received: ComposedField? = nil, feedbackID: FeedbackID? = nil
        ) {
            self.id = id
            self.domain = domain
            self.keepsMessageID = keepsMessageID
            self.date = date
            self.received = received
            self.feedbackID = feedbackID
        }
    }

    /// The empty line at its end included.
    package private(set) var bytes: [UInt8]

    package init(_ submitted: SubmittedHeader, _ stamp: Stamp) {
        var writer = Writer(submitted, stamp)
        writer.write()
        bytes = writer.bytes
    }

    private struct Writer {
        let submitted: SubmittedHeader
        let stamp: Stamp
        var bytes: [UInt8] = []

        init(_ submitted: SubmittedHeader, _ stamp: Stamp) {
            self.submitted = submitted
            self.stamp = stamp
        }

        mutating func write() {
            let header = submitted.block
            bytes.reserveCapacity(header.length + 1_024)
            if let received = stamp.received { bytes += received.bytes }
            var hasMessageID = false
            for (field, name) in zip(header.fields, submitted.names)
            where !SubmittedFieldRules.removed.contains(name) {
                switch name {
                case "date": bytes += date.bytes
                case "message-id" where !stamp.keepsMessageID || field.body.isEmpty:
                    bytes += messageID.bytes
                default: copy(header.rawBytes(of: field))
                }
                hasMessageID = hasMessageID || name == "message-id"
            }
            addMissing(Set(submitted.names), hasMessageID: hasMessageID)
            bytes += [13, 10]
        }

        /// The last field of a mail without a body may have no line end.
        private mutating func copy(_ field: ArraySlice<UInt8>) {
            bytes += field
            if field.last != 10 { bytes += [13, 10] }
        }

        private mutating func addMissing(_ names: Set<String>, hasMessageID: Bool) {
            if submitted.isFromMissing, let author = submitted.from.first {
                bytes += Array("From: \(author.wireText)\r\n".utf8)
            }
            if !names.contains("date") { bytes += date.bytes }
            if !hasMessageID { bytes += messageID.bytes }
            // Content without a version would be read as RFC 822 had it. RFC 2045 §4
            if !names.contains("mime-version"), names.contains(where: { $0.hasPrefix("content-") })
            {
                bytes += ComposedField("MIME-Version", prose: "1.0").bytes
            }
            if let feedbackID = stamp.feedbackID, !names.contains("feedback-id") {
                bytes += ComposedField("Feedback-ID", prose: feedbackID.text).bytes
            }
        }

        private var date: ComposedField { ComposedField("Date", prose: stamp.date.rfc5322Text) }

        private var messageID: ComposedField {
            ComposedField("Message-ID", prose: "<\(stamp.id.text)@\(stamp.domain.ascii)>")
        }
    }
}

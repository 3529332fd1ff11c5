package import MailModel
package import NIOCore
package import Storage

/// The port to a program that looks into mails.
package protocol MailScanner: Sendable {
    /// Returns within the scanner's time limit, waiting for its turn included, and soon after the
    /// task is cancelled. What goes wrong is a verdict, too: `PROCESSING_FAILED` with the reason.
    func scan(_ mail: ScannedMail) async -> ScanVerdict
}

/// A mail as scanners are given it: what the peer said, and the raw mail without what we put before
/// it; or a mail of ours, whose header section is kept apart.
package struct ScannedMail: Sendable {
    package var id: MailID
    package var envelope: ReceivedEnvelope
    /// What comes before `content`.
    package var front: ByteBuffer
    package var content: MailContent
    /// Bytes of `content` before the raw mail: our header block.
    package var headLength: Int
    /// Bytes of the raw mail, without `front`.
    package var length: Int

    package init(
        id: MailID, envelope: ReceivedEnvelope, front: ByteBuffer = ByteBuffer(),
        content: MailContent, headLength: Int, length: Int
    ) {
        self.id = id
        self.envelope = envelope
        self.front = front
        self.content = content
        self.headLength = headLength
        self.length = length
    }

    package init(_ record: MailRecord, content: MailContent) {
        self.init(
            id: record.id, envelope: record.envelope, content: content,
            headLength: record.headLength, length: record.totalLength - record.headLength)
    }
}

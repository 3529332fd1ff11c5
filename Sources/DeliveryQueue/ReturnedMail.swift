import MailModel
package import NIOCore
package import Storage

extension QueuedRecipient {
    /// Whether the mail goes back whole with a report that it failed: as its sender asked, where its
    /// bytes are still there and a report takes them. RFC 3461 §4.3
    package var isReturnedWhole: Bool {
        recipient.notification.returned == .full && mail.bodyPlace != .expired && !mail.is8Bit
            && mail.head.readableBytes + mail.bodyLength <= DeliveryReportMail.returnedBytesMax
    }
}

extension SendingStore {
    /// The bytes after the head of a mail that goes back whole; nil where it does not, or they cannot
    /// be read: a report says what counts without them. Blocks on files.
    package func returnedBody(
        of queued: QueuedRecipient, _ bodies: any BodyFiles
    ) async -> ByteBuffer? {
        guard queued.isReturnedWhole else { return nil }
        let mail = queued.mail
        switch mail.bodyPlace {
        case .row: return try? await body(of: mail)
        case .file:
            // What is not what was taken is nobody's mail.
            guard (try? bodies.check(mail)) != nil else { return nil }
            return try? bodies.read(mail.bodyID, from: 0, length: mail.bodyLength)
        case .expired: return nil
        }
    }
}

extension TryEnding {
    /// Whether the mail will not arrive.
    var isFailure: Bool {
        switch self {
        case .failed, .expired, .returned, .suppressed: true
        case .delivered, .deferred: false
        }
    }
}

package import MailModel
import NIOCore
package import Storage
import Synchronization

/// The way of a mail that is submitted over SMTP: who may send logs in (`Logins`), and what comes
/// is taken by `OutboundFlow`. RFC 6409
package final class SubmissionFlow: MailReceiver {
    private let logins: Logins
    let outbound: OutboundFlow
    let spool: BodySpool.Surroundings
    let room: any SpoolRoom
    let headerBytesMax: Int
    let time: any TimeSource
    let random: any RandomSource
    let isClosed = Mutex(false)

    package init(
        logins: Logins, outbound: OutboundFlow, settings: InboundSettings,
        bodies: any BodyFiles, threads: any BlockingThreads, room: any SpoolRoom,
        time: any TimeSource, random: any RandomSource,
        onFailure: @escaping @Sendable (StorageFailure) -> Void
    ) {
        self.logins = logins
        self.outbound = outbound
        self.room = room
        self.time = time
        self.random = random
        headerBytesMax = settings.headerBytesMax
        spool = BodySpool.Surroundings(
            bodies: bodies, room: room, threads: threads,
            thresholdBytes: settings.bodyFileThresholdBytes,
            pendingBytesMax: settings.pendingBytesMax, onFailure: onFailure)
    }

    package func admit(peerAddress: String) -> Admission {
        isClosed.withLock { $0 } ? .refused(.shuttingDown) : .admitted
    }

    /// Nobody is told where a submitted mail came from.
    package func peerName(of peerAddress: String) -> PeerName { .unknown }

    package func logIn(_ login: PasswordLogin, peerAddress: String) -> LoginOutcome {
        logins.logIn(login, peerAddress: peerAddress)
    }

    package func begin() -> Timestamp { time.now() }

    /// Whom a mail goes to is its sender's to say; whether it can, the queue finds out.
    package func admit(
        recipient: ForwardPath, of envelope: ReceivedEnvelope, begunAt: Timestamp
    ) -> RecipientAdmission {
        switch recipient {
        case .postmaster: .refused(.recipientUnknown)
        case .mailbox(let mailbox): .admitted(mailbox)
        }
    }

    package func open(
        _ envelope: ReceivedEnvelope, _ details: MailDetails
    ) -> Result<any MailIntake, Refusal> {
        guard !isClosed.withLock({ $0 }) else { return .failure(.shuttingDown) }
        // A session may be older than what an operator has said of its key.
        if let login = details.login, !logins.isActive(login.keyID) {
            return .failure(.loginRevoked)
        }
        guard room.hasRoom(forBytes: details.declaredSize ?? 0) else {
            return .failure(.insufficientStorage)
        }
        guard envelope.recipients.count <= OutboundFlow.recipientsMax else {
            return .failure(
                .unsendable("Recipient count exceeds \(OutboundFlow.recipientsMax)."))
        }
        let bodyID = MailID(at: time.now(), random: random)
        return .success(
            SubmittedMail(
                bodyID: bodyID, envelope: envelope, details: details,
                headerBytesMax: headerBytesMax, spool: BodySpool(bodyID, spool),
                outbound: outbound, logins: logins))
    }

    /// Takes no further mail; running ones finish.
    package func close() {
        isClosed.withLock { $0 = true }
    }
}

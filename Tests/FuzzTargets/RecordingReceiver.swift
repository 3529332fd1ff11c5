import MailFlow
import MailModel
import NIOCore
import Storage
import Synchronization

/// A flow that takes mail for `ours.example`, and keeps it: `tls@` only over TLS, `busy@` never (the
/// disk is full), `lost@` is refused at the end of its mail. Its header limits are tight.
final class RecordingReceiver: MailReceiver {
    let mails = Mutex<[[UInt8]]>([])
    let abandoned = Mutex(0)
    fileprivate let isPausing: Bool

    init(isPausing: Bool) {
        self.isPausing = isPausing
    }

    func admit(peerAddress: String) -> Admission { .admitted }

    func peerName(of peerAddress: String) -> PeerName { .unknown }

    func admit(recipient: ForwardPath, isTLS: Bool) -> RecipientAdmission {
        let ours = Domain(validatedASCII: "ours.example")
        switch recipient {
        case .postmaster:
            return .admitted(Mailbox(validatedLocalPart: "postmaster", domain: ours))
        case .mailbox(let mailbox):
            guard mailbox.domain == ours else { return .refused(.recipientUnknown) }
            if mailbox.localPart == "tls", !isTLS { return .refused(.tlsRequired) }
            return .admitted(mailbox)
        }
    }

    func open(_ envelope: ReceivedEnvelope, declaredSize: Int?) -> Result<any MailIntake, Refusal> {
        if envelope.recipients.contains(where: { $0.localPart == "busy" }) {
            return .failure(.insufficientStorage)
        }
        let isLost = envelope.recipients.contains { $0.localPart == "lost" }
        return .success(Intake(self, isLost: isLost))
    }

    private final class Intake: MailIntake {
        private struct Taken {
            var content: [UInt8] = []
            var meter = HeaderMeter(bytesMax: 80, hopsMax: 2)
        }

        private let receiver: RecordingReceiver
        private let isLost: Bool
        private let taken = Mutex(Taken())

        init(_ receiver: RecordingReceiver, isLost: Bool) {
            self.receiver = receiver
            self.isLost = isLost
        }

        func append(_ bytes: ByteBuffer, onDrain: @escaping @Sendable () -> Void) -> IntakePressure
        {
            let finding = taken.withLock { taken in
                taken.content += bytes.readableBytesView
                return taken.meter.see(bytes)
            }
            switch finding {
            case .headerTooLarge: return .refused(.headerTooLarge)
            case .tooManyHops: return .refused(.tooManyHops)
            case .fine: return receiver.isPausing ? .pause : .goOn
            }
        }

        func finish(completion: @escaping @Sendable (IntakeOutcome) -> Void) {
            guard !isLost, let id = MailID(String(repeating: "0", count: 40)) else {
                return completion(.refused(.storageUnavailable))
            }
            receiver.mails.withLock { $0.append(taken.withLock { $0.content }) }
            completion(.accepted(id))
        }

        func abandon() { receiver.abandoned.withLock { $0 += 1 } }
    }
}

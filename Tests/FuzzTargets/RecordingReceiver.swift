import MailFlow
import MailModel
import NIOCore
import Storage
import Synchronization

/// A flow that takes mail for `ours.example`, and keeps it: `tls@` only over TLS; `busy@` and `many@`
/// never (452); `lost@` (451) and `full@` (452) are refused at the end of their mail. Its header
/// limits are tight.
final class RecordingReceiver: MailReceiver {
    struct Mail: Equatable {
        let id: MailID
        let content: [UInt8]
    }

    /// What is stored, in the order in which it was.
    let mails = Mutex<[Mail]>([])
    /// Mails that were begun and have not ended.
    let open = Mutex(0)
    let abandoned = Mutex(0)
    /// What a session may not do with a mail, and did.
    let faults = Mutex<[String]>([])
    private let isRefusing: Bool
    private let isPausing: Bool
    private let isWaiting: Bool
    private let waiting = Mutex<[@Sendable () -> Void]>([])

    /// `isWaiting`: a commit is done when `commit` is called, and not at once.
    init(isRefusing: Bool, isPausing: Bool, isWaiting: Bool) {
        self.isRefusing = isRefusing
        self.isPausing = isPausing
        self.isWaiting = isWaiting
    }

    /// Does what waits to be committed.
    func commit() {
        let work = waiting.withLock { waiting in
            defer { waiting = [] }
            return waiting
        }
        if work.count > 1 { fault("two commits at once") }
        for step in work { step() }
    }

    private func fault(_ text: String) { faults.withLock { $0.append(text) } }

    private func store(_ content: [UInt8]) -> IntakeOutcome {
        mails.withLock { mails in
            let digits = String(mails.count)
            let text = String(repeating: "0", count: 40 - digits.utf8.count) + digits
            guard let id = MailID(text) else { return .refused(.storageUnavailable) }
            mails.append(Mail(id: id, content: content))
            return .accepted(id)
        }
    }

    // MARK: MailReceiver

    func admit(peerAddress: String) -> Admission {
        isRefusing ? .refused(.overloaded) : .admitted
    }

    func peerName(of peerAddress: String) -> PeerName { .unknown }

    func begin() -> Timestamp { Timestamp(milliseconds: 0) }

    func admit(
        recipient: ForwardPath, of envelope: ReceivedEnvelope, begunAt: Timestamp
    ) -> RecipientAdmission {
        let ours = Domain(validatedASCII: "ours.example")
        switch recipient {
        case .postmaster:
            return .admitted(Mailbox(validatedLocalPart: "postmaster", domain: ours))
        case .mailbox(let mailbox):
            guard mailbox.domain == ours else { return .refused(.recipientUnknown) }
            if mailbox.localPart == "tls", envelope.tls == nil { return .refused(.tlsRequired) }
            return .admitted(mailbox)
        }
    }

    func logIn(_ login: PasswordLogin, peerAddress: String) -> LoginOutcome {
        switch (login.user, login.password) {
        case ("AKIATEST", "pass word"): .accepted(Submitter(keyID: "AKIATEST", name: "shop"))
        case ("AKIALATER", _): .unavailable
        default: .refused
        }
    }

    func open(
        _ envelope: ReceivedEnvelope, _ details: MailDetails
    ) -> Result<any MailIntake, Refusal> {
        let names = envelope.recipients.map(\.localPart)
        if names.contains("busy") { return .failure(.insufficientStorage) }
        if names.contains("many") { return .failure(.overloaded) }
        open.withLock { $0 += 1 }
        let refusal: Refusal? =
            names.contains("lost")
            ? .storageUnavailable : names.contains("full") ? .insufficientStorage : nil
        return .success(Intake(self, refusal: refusal))
    }

    private final class Intake: MailIntake {
        private struct Taken {
            var content: [UInt8] = []
            var meter = HeaderMeter(bytesMax: 80, hopsMax: 2)
            var hasEnded = false
        }

        private let receiver: RecordingReceiver
        private let refusal: Refusal?
        private let taken = Mutex(Taken())

        init(_ receiver: RecordingReceiver, refusal: Refusal?) {
            self.receiver = receiver
            self.refusal = refusal
        }

        func append(_ bytes: ByteBuffer, onDrain: @escaping @Sendable () -> Void) -> IntakePressure
        {
            let finding = taken.withLock { taken in
                if taken.hasEnded { receiver.fault("bytes for a mail that has ended") }
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
            end()
            let content = taken.withLock { $0.content }
            let commit = { @Sendable [receiver, refusal] in
                completion(refusal.map { .refused($0) } ?? receiver.store(content))
            }
            guard receiver.isWaiting else { return commit() }
            receiver.waiting.withLock { $0.append(commit) }
        }

        func abandon() {
            end()
            receiver.abandoned.withLock { $0 += 1 }
        }

        private func end() {
            taken.withLock { taken in
                if taken.hasEnded { receiver.fault("a mail that ends twice") }
                taken.hasEnded = true
            }
            receiver.open.withLock { $0 -= 1 }
        }
    }
}

import MailFlow
import MailModel
import NIOCore
import Storage
import Synchronization

/// A flow that takes mail for `ours.test`: `tls@` only over TLS, `busy@` never (the disk is full),
/// `lost@` is refused at the end of its mail, `late@` since its sender's login ended meanwhile, `ruled@` by
/// a rule; `apart@` has to come alone.
final class ScriptedReceiver: MailReceiver {
    let mails = Mutex<[[UInt8]]>([])
    let abandoned = Mutex(0)
    /// Whether every piece holds its peer up.
    let isPausing = Mutex(false)
    let blocked: String?

    init(blocked: String? = nil) {
        self.blocked = blocked
    }

    static let id = MailID(String(repeating: "0", count: 40))

    func admit(peerAddress: String) -> Admission {
        peerAddress == blocked ? .refused(.peerBlocked) : .admitted
    }

    /// Another one each time that it is asked for.
    let names = Mutex(0)

    func peerName(of peerAddress: String) -> PeerName {
        let number = names.withLock { names in
            names += 1
            return names
        }
        return .verified(Domain(validatedASCII: "name\(number).test"))
    }

    /// Another one each time that it is asked for.
    private let beginnings = Mutex<Int64>(0)
    /// By which time recipients and mails were asked about.
    let asked = Mutex<[Timestamp]>([])

    func begin() -> Timestamp {
        beginnings.withLock { beginnings in
            beginnings += 1
            return Timestamp(milliseconds: beginnings)
        }
    }

    func admit(
        recipient: ForwardPath, of envelope: ReceivedEnvelope, begunAt: Timestamp
    ) -> RecipientAdmission {
        asked.withLock { $0.append(begunAt) }
        switch recipient {
        case .postmaster:
            let domain = Domain(validatedASCII: "ours.test")
            return .admitted(Mailbox(validatedLocalPart: "postmaster", domain: domain))
        case .mailbox(let mailbox):
            guard mailbox.domain.ascii == "ours.test" else { return .refused(.recipientUnknown) }
            if mailbox.localPart == "tls", envelope.tls == nil { return .refused(.tlsRequired) }
            if mailbox.localPart == "apart", !envelope.recipients.isEmpty {
                return .refused(.otherRules)
            }
            if mailbox.localPart == "crowd" { return .refused(.tooManyRecipients) }
            if mailbox.localPart == "ruled" {
                let status = EnhancedStatus(class: 5, subject: 7, detail: 9)
                return .refused(
                    .byRule("no-bots", code: 554, status: status, text: "No bots,\r\n250 \u{e9}"))
            }
            return .admitted(mailbox)
        }
    }

    func logIn(_ login: PasswordLogin, peerAddress: String) -> LoginOutcome {
        switch (login.user, login.password) {
        case ("AKIATEST", "pass word"): .accepted(Submitter(keyID: "AKIATEST", name: "shop"))
        case ("AKIALATER", _): .unavailable
        case (let user, _) where user.hasPrefix("AKIAOFTEN"): .tooManyFailures
        default: .refused
        }
    }

    func open(
        _ envelope: ReceivedEnvelope, _ details: MailDetails
    ) -> Result<any MailIntake, Refusal> {
        asked.withLock { $0.append(details.begunAt) }
        if envelope.recipients.contains(where: { $0.localPart == "busy" }) {
            return .failure(.insufficientStorage)
        }
        let refusals: [String: Refusal] = ["lost": .storageUnavailable, "late": .loginRevoked]
        let refusal = envelope.recipients.lazy.compactMap { refusals[$0.localPart] }.first
        return .success(Intake(self, refusal: refusal))
    }

    final class Intake: MailIntake {
        private let receiver: ScriptedReceiver
        private let refusal: Refusal?
        private let content = Mutex<[UInt8]>([])

        init(_ receiver: ScriptedReceiver, refusal: Refusal?) {
            self.receiver = receiver
            self.refusal = refusal
        }

        func append(_ bytes: ByteBuffer, onDrain: @escaping @Sendable () -> Void) -> IntakePressure
        {
            content.withLock { $0 += Array(bytes.readableBytesView) }
            return receiver.isPausing.withLock { $0 } ? .pause : .goOn
        }

        func finish(completion: @escaping @Sendable (IntakeOutcome) -> Void) {
            if let refusal { return completion(.refused(refusal)) }
            guard let id = ScriptedReceiver.id else {
                return completion(.refused(.storageUnavailable))
            }
            receiver.mails.withLock { $0.append(content.withLock { $0 }) }
            completion(.accepted(id))
        }

        func abandon() { receiver.abandoned.withLock { $0 += 1 } }
    }
}

import DeliveryQueue
import SMTPProtocol

/// What a failure means: for the mail or for whoever takes it, now or for good, and in what words.
/// The one place that decides so.
struct DeliveryVerdict: Equatable {
    /// Who failed.
    enum Scope {
        /// The mail: other hosts of its destination would say the same, or must not be asked.
        case mail
        /// The host: another may take the mail.
        case host
    }

    var scope: Scope
    /// No other try of the same will succeed.
    var isFinal: Bool
    var problem: DeliveryProblem

    /// `host` is for people: `mx.example.com [192.0.2.1]`.
    init(_ failure: SessionFailure, host: String) {
        switch failure.reason {
        case .refused(let reply): self = Self.refused(reply, failure.step, host)
        case .unexpected(let reply):
            self = Self.broken(
                failure.step, EnhancedStatusCode(4, 5, 0),
                "\(host) answered \(failure.step.words) with what does not belong there: "
                    + reply.text)
            problem.reply = reply
        case .fault(let fault):
            self = Self.broken(
                failure.step, EnhancedStatusCode(4, 5, 0),
                "\(host) answered \(failure.step.words) with \(fault.words)")
        case .timedOut(let seconds):
            self = Self.broken(
                failure.step, Self.silence(failure.step),
                "\(host) did not answer \(failure.step.words) within \(seconds) s")
        case .lost(let reason):
            self = Self.broken(
                failure.step, Self.silence(failure.step),
                failure.step == .connecting
                    ? "\(host) cannot be reached: \(reason)"
                    : "\(host) was lost at \(failure.step.words): \(reason)")
        case .addressMissing(let address):
            self = Self.temporary(
                .host, .mail, EnhancedStatusCode(4, 3, 5),
                "the sending address \(address) is none of this machine")
        case .noDescriptor:
            // Of this machine, and no word about the destination.
            self = Self.temporary(
                .mail, .mail, EnhancedStatusCode(4, 3, 0),
                "this machine has no file descriptor left for a connection")
        case .tls(let tls):
            self = Self.temporary(
                .host, .destination, EnhancedStatusCode(4, 7, 5),
                "no TLS with \(host): \(tls.detail)")
        case .lacks(let lack): self = Self.lacking(lack, host)
        case .unsendable(let fault): self = Self.unsendable(fault, failure.step, host)
        case .cancelled:
            self = Self.temporary(
                .mail, .mail, EnhancedStatusCode(4, 3, 2),
                failure.step == .end
                    ? "given up before \(host) answered the mail's end: \(Self.ambiguity)"
                    : "given up at \(failure.step.words)")
        }
    }

    private init(_ scope: Scope, isFinal: Bool, _ problem: DeliveryProblem) {
        self.scope = scope
        self.isFinal = isFinal
        self.problem = problem
    }

    static func temporary(
        _ scope: Scope, _ subject: DeliveryProblem.Subject, _ status: EnhancedStatusCode,
        _ detail: String
    ) -> DeliveryVerdict {
        DeliveryVerdict(
            scope, isFinal: false, DeliveryProblem(subject, status: status, detail: detail))
    }

    static func final(
        _ scope: Scope, _ status: EnhancedStatusCode, _ detail: String
    ) -> DeliveryVerdict {
        DeliveryVerdict(
            scope, isFinal: true, DeliveryProblem(.mail, status: status, detail: detail))
    }

    // MARK: Connections that broke

    private static let ambiguity = "it may have been delivered"

    private static func silence(_ step: SessionFailure.Step) -> EnhancedStatusCode {
        EnhancedStatusCode(4, 4, step == .connecting ? 1 : 2)
    }

    /// Behind the mail's end another host might deliver a second time; that is left to the next try.
    private static func broken(
        _ step: SessionFailure.Step, _ status: EnhancedStatusCode, _ detail: String
    ) -> DeliveryVerdict {
        switch step {
        case .end: temporary(.mail, .mail, status, "\(detail); \(ambiguity)")
        case .content: temporary(.host, .mail, status, detail)
        case .connecting, .greeting, .hello, .startTLS, .handshake, .login, .reset, .mail,
            .recipient, .data, .idle:
            temporary(.host, .destination, status, detail)
        }
    }

    // MARK: What we or they cannot do

    private static func lacking(_ lack: SessionFailure.Lack, _ host: String) -> DeliveryVerdict {
        switch lack {
        case .smtpUTF8:
            final(
                .host, EnhancedStatusCode(5, 6, 7),
                "\(host) does not take addresses and headers beyond ASCII (SMTPUTF8)")
        case .eightBitMIME:
            final(
                .host, EnhancedStatusCode(5, 6, 3),
                "\(host) does not take bytes above 127 (8BITMIME)")
        case .size:
            final(.host, EnhancedStatusCode(5, 3, 4), "the mail is larger than \(host) takes")
        case .requireTLS:
            final(
                .host, EnhancedStatusCode(5, 7, 30),
                "\(host) does not promise TLS for the rest of the way (REQUIRETLS)")
        case .proof:
            final(
                .host, EnhancedStatusCode(5, 7, 30),
                "nothing proves that \(host) is the right exchanger, as the mail asks (REQUIRETLS)")
        case .startTLS:
            temporary(
                .host, .destination, EnhancedStatusCode(4, 7, 4),
                "TLS is required, and \(host) does not offer it")
        case .mechanism:
            temporary(
                .host, .destination, EnhancedStatusCode(4, 7, 4),
                "\(host) offers neither AUTH PLAIN nor LOGIN")
        case .privacy:
            temporary(
                .host, .destination, EnhancedStatusCode(4, 7, 11),
                "a password is not sent to \(host) without TLS")
        }
    }

    private static func unsendable(
        _ fault: SessionFailure.Unsendable, _ step: SessionFailure.Step, _ host: String
    ) -> DeliveryVerdict {
        switch fault {
        case .reversePath:
            final(.mail, EnhancedStatusCode(5, 1, 7), "the sender's address cannot be sent")
        case .recipient:
            final(.mail, EnhancedStatusCode(5, 1, 3), "the recipient's address cannot be sent")
        case .parameter(let name) where step == .hello:
            temporary(
                .mail, .mail, EnhancedStatusCode(4, 3, 5), "our own name cannot be sent (\(name))")
        case .parameter(let name):
            final(.mail, EnhancedStatusCode(5, 5, 4), "the value of \(name) cannot be sent")
        case .content(.bareLineEnd):
            final(.mail, EnhancedStatusCode(5, 6, 0), "the mail has a CR or LF that stands alone")
        case .unreadable(let reason):
            temporary(
                .mail, .mail, EnhancedStatusCode(4, 3, 0), "the mail cannot be read: \(reason)")
        }
    }

    // MARK: Replies that say no

    private static func refused(
        _ reply: RemoteReply, _ step: SessionFailure.Step, _ host: String
    ) -> DeliveryVerdict {
        let detail = "\(host) refused \(step.words): \(reply.text)"
        var verdict =
            switch step {
            case .mail, .recipient, .data, .content, .end:
                refusedMail(reply, step, detail)
            case .connecting, .greeting, .hello, .startTLS, .handshake, .login, .reset, .idle:
                refusedUs(reply, step, detail)
            }
        verdict.problem.reply = reply
        return verdict
    }

    /// 521 alone says that there is no mail here, now or later: RFC 7504 §3. Any other greeting with
    /// a 5 is some list's or some limit's, and goes over.
    private static func refusedUs(
        _ reply: RemoteReply, _ step: SessionFailure.Step, _ detail: String
    ) -> DeliveryVerdict {
        if reply.code == 521, step == .greeting {
            return final(.host, status(of: reply, step), detail)
        }
        let status = status(of: reply, step)
        var verdict = temporary(
            .host, .destination, EnhancedStatusCode(4, status.subject, status.detail), detail)
        verdict.problem.asksForLess =
            reply.isTransient && (step == .greeting || asksForLess(reply))
        return verdict
    }

    private static func refusedMail(
        _ reply: RemoteReply, _ step: SessionFailure.Step, _ detail: String
    ) -> DeliveryVerdict {
        let status = status(of: reply, step)
        if isOutOfStep(reply, step) {
            return temporary(
                .host, .mail, EnhancedStatusCode(4, status.subject, status.detail), detail)
        }
        guard reply.isTransient else { return final(.mail, status, detail) }
        let isOver = reply.code == 421
        var verdict = temporary(
            isOver && step != .end ? .host : .mail,
            isOver || isAboutSystem(reply, step) ? .destination : .mail, status, detail)
        verdict.problem.asksForLess = asksForLess(reply)
        return verdict
    }

    /// 503 to what was said in its order: the server has lost its place in the session, and says nothing
    /// about the mail or whom it is for. RFC 5321 §4.3.2
    private static func isOutOfStep(_ reply: RemoteReply, _ step: SessionFailure.Step) -> Bool {
        guard reply.code == 503, step == .data || step == .recipient else { return false }
        return reply.enhanced.map { $0.subject == 5 } ?? true
    }

    /// RFC 3463 §3.4: the system that takes mail, and not this one mail's size.
    private static func isAboutSystem(_ reply: RemoteReply, _ step: SessionFailure.Step) -> Bool {
        guard let enhanced = reply.enhanced else { return reply.code == 452 && step != .recipient }
        return enhanced.subject == 3 && enhanced.detail != 4
    }

    /// Not where the address is nobody's, or its mailbox full or closed: that is no matter of pace.
    private static func asksForLess(_ reply: RemoteReply) -> Bool {
        guard [421, 450, 451].contains(reply.code) else { return reply.enhanced?.subject == 7 }
        guard let enhanced = reply.enhanced else { return true }
        return enhanced.subject != 1
            && !(enhanced.subject == 2 && (1...4).contains(enhanced.detail))
    }

    /// The reply's own, or what its code says. RFC 5321 §4.2.3. Of one that is put off it is never
    /// one for good.
    private static func status(
        of reply: RemoteReply, _ step: SessionFailure.Step
    ) -> EnhancedStatusCode {
        if let enhanced = reply.enhanced {
            return reply.isTransient
                ? EnhancedStatusCode(4, enhanced.subject, enhanced.detail) : enhanced
        }
        let (subject, detail) =
            switch reply.code % 100 {
            case 0...3: (5, 2)
            case 4: (5, 4)
            case 21: (3, 2)
            case 30, 34, 35: (7, 0)
            case 51 where step == .recipient && !reply.isTransient: (1, 6)
            case 52 where step == .recipient: (2, 2)
            case 52: reply.isTransient ? (3, 1) : (3, 4)
            case 53: (1, 3)
            case 55: (5, 4)
            case 56: (1, 10)
            default: (0, 0)
            }
        return EnhancedStatusCode(reply.code / 100, subject, detail)
    }
}

extension SessionFailure.Step {
    /// What was said or waited for.
    fileprivate var words: String {
        switch self {
        case .connecting: "the connection"
        case .greeting: "the connection, in place of a greeting"
        case .hello: "EHLO"
        case .startTLS: "STARTTLS"
        case .handshake: "the TLS handshake"
        case .login: "AUTH"
        case .reset: "RSET"
        case .mail: "MAIL"
        case .recipient: "RCPT"
        case .data: "DATA"
        case .content: "the mail's content"
        case .end: "the mail's end"
        case .idle: "the session before MAIL"
        }
    }
}

extension ReplyFault {
    fileprivate var words: String {
        switch self {
        case .malformed: "what is no reply"
        case .codesDiffer: "a reply whose lines have different codes"
        case .tooLong: "a reply that is too long"
        }
    }
}

package import Actions
package import MailModel
package import RuleEngine
import Storage
import Synchronization

/// Asks handlers about mails whose 250 waits for them, each for as long as its rule lets it.
package final class SessionHandlers: Sendable {
    /// Mails that handlers are asked about at once, those with it whose session has gone on. Of more
    /// nobody is asked, which counts as no answer.
    package static let askedMax = 256
    /// For all handlers of a mail together: RFC 5321 §4.5.3.2.6 has senders wait ten minutes for the
    /// 250, and many wait less.
    package static let togetherSecondsMax = 120

    /// Asks about a mail, as long as the closure says that its session waits.
    package typealias Ask =
        @Sendable (ActionTask, @escaping @Sendable () -> Bool) async -> FunctionOutcome

    private let ask: Ask
    private let time: any TimeSource
    private let pause: any Pause
    private let log: any SessionHandlerLog
    private let executor: (any TaskExecutor)?
    private let asked = Mutex(0)

    /// `ask`: returns within the handler's own time limit. `executor`: whose threads may block, since
    /// a mail may be in a file.
    package init(
        ask: @escaping Ask, time: any TimeSource, pause: any Pause,
        log: any SessionHandlerLog, executor: (any TaskExecutor)? = nil
    ) {
        self.ask = ask
        self.time = time
        self.pause = pause
        self.log = log
        self.executor = executor
    }

    /// When a mail whose handlers are asked from now on has had its time.
    func deadline() -> Timestamp {
        time.now().advanced(bySeconds: Int64(Self.togetherSecondsMax))
    }

    /// What the rule refuses `mail` with, once its handler was asked, until `deadline` at the latest;
    /// nil where it does not.
    func rejection(
        by rule: ReceiptRule, _ question: SessionQuestion, _ rejection: RuleRejection,
        of mail: MailRecord, _ content: MailContent, until deadline: Timestamp
    ) async -> RuleRejection? {
        let task = ActionTask(
            mail: mail, key: ActionKey(rule: rule.name, position: 0),
            action: .invoke(
                handler: question.handler, type: .requestResponse, topic: nil, onFailure: .goOn),
            recipients: mail.envelope.recipients, addedHeaders: [],
            isScanEnabled: rule.isScanEnabled, storedObjects: [], content: content, attempt: 1)
        let said: String
        switch await outcome(task, question, until: deadline) {
        case .answered(let output, let isCut):
            guard !isCut, case .refuses(let code, let status, let text) = SessionAnswer(output)
            else { return nil }
            return rejection.with(code: code, status: status, text: text)
        case .failed(let detail): said = detail
        case .noSuchHandler: said = "there is no such handler"
        }
        log.notAnswered(mail.id, rule: rule.name, question, because: said)
        switch question.onFailure {
        case .accept: return nil
        case .defer:
            return RuleRejection(
                rule: rule.name, code: 451, status: EnhancedStatus(class: 4, subject: 3, detail: 0),
                text: "The mail cannot be looked at now, try again later")
        }
    }

    /// Whichever comes first: the answer, or the end of its time.
    private func outcome(
        _ task: ActionTask, _ question: SessionQuestion, until deadline: Timestamp
    ) async -> FunctionOutcome {
        let ownMilliseconds = Int64(question.timeoutSeconds) * 1_000
        // A clock that is set back gives nobody more.
        let milliseconds = min(deadline.milliseconds - time.now().milliseconds, ownMilliseconds)
        let spent = "the handlers of this mail have had their \(Self.togetherSecondsMax) s together"
        guard milliseconds > 0 else { return .failed(detail: spent) }
        let hasRoom = asked.withLock { asked in
            guard asked < Self.askedMax else { return false }
            asked += 1
            return true
        }
        guard hasRoom else { return .failed(detail: "too many handlers are asked at once") }
        return await withCheckedContinuation { continuation in
            let first = FirstOutcome(continuation)
            let clock = Task { [pause] in
                await pause.forMilliseconds(milliseconds)
                let detail = "no answer within \(question.timeoutSeconds) s (timeoutSeconds)"
                let isOwn = milliseconds == ownMilliseconds
                first.take(.failed(detail: isOwn ? detail : spent))
            }
            Task(executorPreference: executor) {
                let outcome = await self.ask(task) { first.isOpen }
                self.asked.withLock { $0 -= 1 }
                first.take(outcome)
                clock.cancel()
            }
        }
    }
}

/// Hands on the first of several outcomes, and no other.
private final class FirstOutcome: Sendable {
    private let waiting: Mutex<CheckedContinuation<FunctionOutcome, Never>?>

    init(_ continuation: CheckedContinuation<FunctionOutcome, Never>) {
        waiting = Mutex(continuation)
    }

    var isOpen: Bool { waiting.withLock { $0 != nil } }

    func take(_ outcome: FunctionOutcome) {
        waiting.withLock { waiting in
            defer { waiting = nil }
            return waiting
        }?.resume(returning: outcome)
    }
}

/// The port to the mail log, as far as handlers in sessions go.
package protocol SessionHandlerLog: Sendable {
    /// A handler did not say whether its rule refuses the mail.
    func notAnswered(
        _ mail: MailID, rule: String, _ question: SessionQuestion, because reason: String)
}

extension RuleRejection {
    /// The same in other words. A status of another class than the code's is not said.
    fileprivate func with(code: Int?, status: EnhancedStatus?, text: String?) -> RuleRejection {
        var other = self
        other.code = code ?? self.code
        other.text = text ?? self.text
        if let status, status.class == other.code / 100 {
            other.status = status
        } else if other.status.class != other.code / 100 {
            other.status = EnhancedStatus(class: other.code / 100, subject: 7, detail: 1)
        }
        return other
    }
}

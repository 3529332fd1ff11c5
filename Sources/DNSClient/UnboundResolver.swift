import CUnbound
package import DNS
import Dispatch
package import MailModel
import Synchronization

/// The DNS by libunbound: remembered, validated where there is a trust anchor, asked by a thread of
/// the library's own, whose answers come over a descriptor that is watched here.
///
/// A question is over for its asker at its deadline; the library goes on with it for a while, and
/// so long it counts among `queriesMax`. Where these are all taken, a question waits for a place
/// until its deadline: what others ask for does not make it fail.
package final class UnboundResolver: DNSResolver {
    /// Why there is no resolver.
    package struct SetUpFailure: Error, Sendable, CustomStringConvertible {
        package let description: String
    }

    /// Questions that wait for a place; more fail at once.
    package static let waitingMax = 1_024

    private struct State {
        /// Those that the library has.
        var questions: [ObjectIdentifier: PendingQuestion] = [:]
        /// Those that have no place yet, the first first.
        var waiting: [(question: PendingQuestion, name: Domain)] = []
        var recent = RecentAnswers()
        var isClosed = false
    }

    private let context: UnboundContext
    /// The library is entered here alone, and calls back here.
    private let queue = DispatchQueue(label: "dns")
    // A dispatch source may be used from any thread; on Linux its type does not say so.
    nonisolated(unsafe) private let answers: any DispatchSourceRead
    private let state = Mutex(State())
    private let queriesMax: Int
    private let timeoutMilliseconds: Int

    /// Reads the trust anchor and, where no servers are given, the system's. Throws `SetUpFailure`.
    package init(_ settings: UnboundSettings) throws(SetUpFailure) {
        context = try UnboundContext(settings)
        queriesMax = settings.queriesMax
        timeoutMilliseconds = settings.timeoutMilliseconds
        answers = DispatchSource.makeReadSource(
            fileDescriptor: context.descriptor, queue: queue)
        let context = context
        answers.setEventHandler { context.takeAnswers() }
        answers.resume()
    }

    package func ask(
        _ name: Domain, _ type: DNSRecordType
    ) async throws(DNSFailure) -> DNSAnswer {
        guard name.isQueryName else { return DNSAnswer(.noSuchName) }
        if let answer = recentAnswer(name, type) { return answer }
        let question = PendingQuestion(type)
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                question.wait(continuation)
                queue.async { self.start(question, name) }
            }
        } onCancel: {
            question.end(.failure(.cancelled))
        }
        return try outcome.get()
    }

    /// Ends all questions; later ones are answered `cancelled`. Nothing is called afterwards.
    package func close() async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            queue.async {
                guard self.endAll() else { return continuation.resume() }
                let context = self.context
                self.answers.setCancelHandler {
                    context.delete()
                    continuation.resume()
                }
                self.answers.cancel()
            }
        }
    }

    private func recentAnswer(_ name: Domain, _ type: DNSRecordType) -> DNSAnswer? {
        let now = DispatchTime.now().uptimeNanoseconds
        return state.withLock { state in
            state.isClosed ? nil : state.recent.find(.init(name: name, type: type), now: now)
        }
    }

    // MARK: On the queue

    private func start(_ question: PendingQuestion, _ name: Domain) {
        let refusal = state.withLock { state -> DNSFailure? in
            if state.isClosed { return .cancelled }
            if state.waiting.count >= Self.waitingMax {
                state.waiting.removeAll { $0.question.isEnded }
            }
            guard state.waiting.count < Self.waitingMax else { return .tooManyQueries }
            state.waiting.append((question, name))
            return nil
        }
        if let refusal { return question.end(.failure(refusal)) }
        queue.asyncAfter(deadline: .now() + .milliseconds(timeoutMilliseconds)) {
            [weak self, weak question] in
            guard let question else { return }
            question.end(.failure(self?.hasPlace(question) == true ? .timedOut : .tooManyQueries))
        }
        askWaiting()
    }

    private func hasPlace(_ question: PendingQuestion) -> Bool {
        state.withLock { $0.questions[ObjectIdentifier(question)] != nil }
    }

    /// Gives the library those that wait, as far as there are places.
    private func askWaiting() {
        while let (question, name) = nextWaiting() {
            context.ask(name, question.type) { outcome, validity in
                let now = DispatchTime.now().uptimeNanoseconds
                let isAnyWaiting = self.state.withLock { state in
                    if case .success(let answer) = outcome {
                        state.recent.keep(
                            .init(name: name, type: question.type), answer,
                            bytes: validity.bytes, seconds: validity.seconds, now: now)
                    }
                    state.questions.removeValue(forKey: ObjectIdentifier(question))
                    return !state.waiting.isEmpty
                }
                question.end(outcome)
                // Not from here, which may be within `context.ask`.
                if isAnyWaiting { self.queue.async { self.askWaiting() } }
            }
        }
    }

    /// Takes the first that somebody still waits for, if there is a place.
    private func nextWaiting() -> (question: PendingQuestion, name: Domain)? {
        state.withLock { state in
            guard !state.isClosed, state.questions.count < queriesMax,
                let first = state.waiting.firstIndex(where: { !$0.question.isEnded })
            else { return nil }
            let next = state.waiting[first]
            state.waiting.removeFirst(first + 1)
            state.questions[ObjectIdentifier(next.question)] = next.question
            return next
        }
    }

    /// Says whether it was open.
    private func endAll() -> Bool {
        let (wasOpen, left) = state.withLock { state in
            defer {
                state.questions = [:]
                state.waiting = []
                state.isClosed = true
            }
            return (!state.isClosed, state.questions.values + state.waiting.map(\.question))
        }
        for question in left { question.end(.failure(.cancelled)) }
        return wasOpen
    }
}

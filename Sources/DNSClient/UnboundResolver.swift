import CUnbound
package import DNS
import Dispatch
package import MailModel
import Synchronization

/// The DNS by libunbound: cached, validated where there is a trust anchor, asked by a thread of the
/// library's own, whose answers come over a descriptor that is watched here.
///
/// A question is over for its asker at its deadline; the library goes on with it for a while, and
/// so long it counts among `queriesMax`.
package final class UnboundResolver: DNSResolver {
    /// Why there is no resolver.
    package struct SetUpFailure: Error, Sendable, CustomStringConvertible {
        package let description: String
    }

    private struct State {
        /// Those that the library has.
        var questions: [ObjectIdentifier: PendingQuestion] = [:]
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

    // MARK: On the queue

    private func start(_ question: PendingQuestion, _ name: Domain) {
        let refusal = state.withLock { state -> DNSFailure? in
            if state.isClosed { return .cancelled }
            if state.questions.count >= queriesMax { return .tooManyQueries }
            state.questions[ObjectIdentifier(question)] = question
            return nil
        }
        if let refusal { return question.end(.failure(refusal)) }
        queue.asyncAfter(deadline: .now() + .milliseconds(timeoutMilliseconds)) {
            [weak question] in question?.end(.failure(.timedOut))
        }
        context.ask(name, question.type) { outcome in
            self.state.withLock {
                _ = $0.questions.removeValue(forKey: ObjectIdentifier(question))
            }
            question.end(outcome)
        }
    }

    /// Says whether it was open.
    private func endAll() -> Bool {
        let (wasOpen, left) = state.withLock { state in
            defer {
                state.questions = [:]
                state.isClosed = true
            }
            return (!state.isClosed, Array(state.questions.values))
        }
        for question in left { question.end(.failure(.cancelled)) }
        return wasOpen
    }
}

import NIOCore
import Storage

/// The end of a mail's intake: what policy decides of it, and the commit that the 250 promises.
struct MailPromise: Sendable {
    let surroundings: InboundMail.Surroundings
    /// What rules are asked before; nil where none refuses the mail.
    let question: RejectionQuestion?
    let record: MailRecord
    /// Head and raw mail; nil where they are in a file.
    let content: ByteBuffer?

    // MARK: Decide

    /// Calls `completion` once, from any thread.
    func decide(completion: @escaping @Sendable (IntakeOutcome) -> Void) {
        let place =
            content.map(MailContent.bytes)
            ?? .file(
                path: surroundings.spool.bodies.path(of: record.id), length: record.totalLength)
        surroundings.judge.decide(record, place, by: question) { decision in
            switch decision {
            case .failure(let refusal):
                if content == nil { surroundings.spool.bodies.remove([record.id]) }
                completion(.refused(refusal))
            case .success(let verdicts):
                var judged = record
                judged.verdicts = verdicts
                MailPromise(
                    surroundings: surroundings, question: nil, record: judged, content: content
                ).commit(completion: completion)
            }
        }
    }

    // MARK: The promise

    /// Without a decision. Calls `completion` once, from any thread.
    func commit(completion: @escaping @Sendable (IntakeOutcome) -> Void) {
        surroundings.store.accept(AcceptedMail(record: record, content: content)) { result in
            switch result {
            case .success:
                completion(.accepted(record.id))
                surroundings.queue.offer(WaitingMail(record: record, content: content))
            case .failure(let failure):
                surroundings.spool.onFailure(failure)
                // After a failed sync the row may stand all the same: recovery decides.
                if content == nil, !failure.isSyncFailure {
                    surroundings.spool.bodies.remove([record.id])
                }
                completion(.refused(Refusal(failure)))
            }
        }
    }
}

extension Refusal {
    /// What a peer is told of a storage failure: try again later.
    init(_ failure: StorageFailure) {
        switch failure {
        case .full: self = .insufficientStorage
        case .refused, .syncFailed, .replaced, .damaged, .notFound, .forbidden:
            self = .storageUnavailable
        }
    }
}

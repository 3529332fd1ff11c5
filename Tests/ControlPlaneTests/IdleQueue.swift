import DeliveryQueue
import MailModel
import NIOCore
import Storage

/// What a queue that is not run is given: only rows change.
struct NobodyTakes: Courier {
    func deliver(_ mail: OutgoingMail, by route: Route) async -> DeliveryAttempt {
        preconditionFailure("the queue is not run")
    }
}

struct NobodyIsTold: DeliveryOffice {
    func returnPath(of recipient: QueuedRecipient) -> ReversePath { .null }
    func consequences(
        of ending: TryEnding, for recipient: QueuedRecipient, returning body: ByteBuffer?
    ) -> Consequences { Consequences() }
}

struct NobodyWaits: Pause {
    func forMilliseconds(_ milliseconds: Int64) async {}
}

struct NobodyReads: DeliveryLog {
    func ended(_ ending: TryEnding, of recipient: QueuedRecipient) {}
    func rests(_ destination: DestinationRecord) {}
    func journalFailed(_ failure: StorageFailure) {}
    func damaged(_ recipient: QueuedRecipient, _ failure: StorageFailure) {}
}

package import Storage

/// What the operator says of subscriptions.
extension Subscriptions {
    /// Why a subscriber cannot be subscribed.
    package enum Problem: Error, Sendable {
        case unknown
        case notWeb
        /// There is no address to send from.
        case nothingIsSent
        /// There is no public side to confirm at.
        case nowhereToConfirm
        case storage(StorageFailure)
    }

    /// Asks the endpoint (again) to confirm; or, by the operator's word alone, has it confirmed.
    package func subscribe(
        _ key: SubscriberKey, isTrusted: Bool
    ) async throws(Problem) -> SubscriptionRecord.State {
        guard let subscriber = directory.subscriber(key) else { throw .unknown }
        for _ in 0..<Self.triesMax {
            guard subscriber.hasSubscription, let known = record(of: key) else { throw .notWeb }
            guard known.state != .confirmed else { return .confirmed }
            guard isTrusted || canConfirm else { throw .nowhereToConfirm }
            let state = isTrusted ? SubscriptionRecord.State.confirmed : .pending
            do throws(StorageFailure) {
                if try await move(known, known, to: state) { return state }
            } catch {
                throw .storage(error)
            }
        }
        throw .storage(Self.overtaken)
    }

    /// The same for one by mail, who may be new. Their links want a public side.
    package func subscribe(
        _ addressee: MailAddressee, to topic: String, isTrusted: Bool
    ) async throws(Problem) -> SubscriptionRecord.State {
        guard directory.has(topic) else { throw .unknown }
        guard canMail else { throw .nothingIsSent }
        guard canConfirm else { throw .nowhereToConfirm }
        let key = SubscriberKey(topic: topic, subscriber: addressee.name)
        let state = isTrusted ? SubscriptionRecord.State.confirmed : .pending
        do throws(StorageFailure) {
            for _ in 0..<Self.triesMax {
                let known = record(of: key)
                var next = known ?? fresh(key, url: addressee.url)
                next.url = addressee.url
                if let known, known.state == .confirmed {
                    // What they agreed to is the topic, in whichever form.
                    if known == next { return .confirmed }
                    if try await move(known, next, to: .confirmed) { return .confirmed }
                } else if try await move(known, next, to: state) {
                    return state
                }
            }
        } catch {
            throw .storage(error)
        }
        throw .storage(Self.overtaken)
    }

    /// Ends a subscription by mail, without a word to whom it was of, and drops what was held for it.
    /// False where there is none.
    package func remove(_ key: SubscriberKey) async throws(StorageFailure) -> Bool {
        for _ in 0..<Self.triesMax {
            guard let known = record(of: key), MailAddressee(url: known.url) != nil else {
                return false
            }
            var ended = known
            ended.state = .unsubscribed
            if try await store.replace(known, with: ended, publishing: nil) {
                while try await store.dropHeld(key, limit: Self.heldBatchMax)
                    == Self.heldBatchMax
                {}
                try await store.removeSubscription(key, of: known.account)
                try await reload()
                return true
            }
            try await reload()
        }
        throw Self.overtaken
    }
}

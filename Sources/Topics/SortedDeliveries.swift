import Storage

/// What the subscription's state makes of due deliveries.
struct SortedDeliveries {
    var toPost: [TopicDelivery] = []
    /// Nobody wants them, or nobody waits for them any more.
    var toDrop: [TopicDelivery] = []
    /// Ids of messages that wait for a confirmation.
    var toHold: [String] = []

    init(
        _ deliveries: [TopicDelivery], record: SubscriptionRecord?, _ subscriber: Subscriber?,
        canConfirm: Bool
    ) {
        guard subscriber?.hasSubscription == true, let record else {
            toPost = deliveries
            return
        }
        for delivery in deliveries {
            switch (delivery.message.kind, record.state) {
            case (.notification, .confirmed): toPost.append(delivery)
            case (.subscriptionConfirmation, .pending) where canConfirm,
                (.unsubscribeConfirmation, .unsubscribed) where canConfirm:
                toPost.append(delivery)
            case (.notification, .pending): toHold.append(delivery.message.id)
            case (.notification, .unsubscribed), (.subscriptionConfirmation, _),
                (.unsubscribeConfirmation, _):
                toDrop.append(delivery)
            }
        }
    }
}

package import MailModel

/// One message to one topic: a row of the outbox, written in the transaction of what it reports.
package struct TopicMessage: Sendable, Hashable {
    /// SNS's `Type`.
    package enum Kind: String, Sendable, Codable {
        case notification = "Notification"
        /// Asks the endpoint to visit a URL if it wants the topic's messages.
        case subscriptionConfirmation = "SubscriptionConfirmation"
        /// Says that the endpoint has unsubscribed, and how to undo it.
        case unsubscribeConfirmation = "UnsubscribeConfirmation"
    }

    /// A UUID in lower case; SNS's `MessageId`, the same on every retry and for all subscribers.
    package var id: String
    package var kind: Kind
    package var topic: String
    package var subject: String?
    /// The text that SNS calls `Message`: for us the notification's JSON.
    package var message: String
    package var createdAt: Timestamp

    package init(
        id: String, kind: Kind = .notification, topic: String, subject: String?,
        message: String, createdAt: Timestamp
    ) {
        self.id = id
        self.kind = kind
        self.topic = topic
        self.subject = subject
        self.message = message
        self.createdAt = createdAt
    }
}

/// One message on its way to one subscriber of its topic.
package struct TopicDelivery: Sendable, Hashable {
    /// | state     | what happens                                | leaves it                       |
    /// |-----------|---------------------------------------------|---------------------------------|
    /// | `waiting` | posted when it is due                       | taken; given up; not yet wanted |
    /// | `held`    | waits for its endpoint's confirmation       | its endpoint's word; time over  |
    /// | `dead`    | nothing                                     | sent again; retention           |
    /// | `damaged` | nothing: its row cannot be read             | retention                       |
    package enum State: String, Sendable, Codable { case waiting, held, dead, damaged }

    package var message: TopicMessage
    /// The subscriber's name within its topic.
    package var subscriber: String
    package var state: State
    package var attempts: Int
    /// When its retries began: with the message, or when an operator sent it again.
    package var firstAttemptAt: Timestamp
    package var nextAttemptAt: Timestamp
    package var lastError: String?

    /// The retries begin with the message where `firstAttemptAt` says nothing else.
    package init(
        message: TopicMessage, subscriber: String, state: State, attempts: Int,
        firstAttemptAt: Timestamp? = nil, nextAttemptAt: Timestamp, lastError: String?
    ) {
        self.message = message
        self.subscriber = subscriber
        self.state = state
        self.attempts = attempts
        self.firstAttemptAt = firstAttemptAt ?? message.createdAt
        self.nextAttemptAt = nextAttemptAt
        self.lastError = lastError
    }
}

/// A subscriber of a topic, by name.
package struct SubscriberKey: Sendable, Hashable {
    package var topic: String
    package var subscriber: String

    package init(topic: String, subscriber: String) {
        self.topic = topic
        self.subscriber = subscriber
    }
}

extension TopicDelivery {
    package var subscriberKey: SubscriberKey {
        SubscriberKey(topic: message.topic, subscriber: subscriber)
    }
}

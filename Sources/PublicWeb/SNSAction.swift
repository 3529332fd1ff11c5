import HummingbirdCore

/// What a request asks for by its query, as requests to SNS do.
package enum SNSAction: Sendable, Equatable {
    case confirm(topicARN: String, token: String)
    case unsubscribe(subscriptionARN: String)
    /// A parameter is missing.
    case incomplete(String)
    case unknown

    /// `target` is the request's, with its query. RFC 9112 §3.2
    package init(target: String) {
        let query = URI(target).queryParameters
        func value(_ name: Substring) -> String? { query[name].map(String.init) }
        switch value("Action") {
        case "ConfirmSubscription":
            guard let topicARN = value("TopicArn") else {
                self = .incomplete("TopicArn")
                return
            }
            guard let token = value("Token") else {
                self = .incomplete("Token")
                return
            }
            self = .confirm(topicARN: topicARN, token: token)
        case "Unsubscribe":
            self =
                value("SubscriptionArn").map { .unsubscribe(subscriptionARN: $0) }
                ?? .incomplete("SubscriptionArn")
        default: self = .unknown
        }
    }
}

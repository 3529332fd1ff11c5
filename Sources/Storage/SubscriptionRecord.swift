package import MailModel

/// What the endpoint of a web subscriber has said to being one. SNS: a subscription.
///
/// | state          | its messages                        | leaves it by                              |
/// |----------------|-------------------------------------|-------------------------------------------|
/// | `pending`      | held for the lifetime of a token    | its token, or the operator: `confirmed`   |
/// | `confirmed`    | delivered                           | its id: `unsubscribed`                    |
/// | `unsubscribed` | dropped, held ones too              | its token, or the operator                |
///
/// A URL that changes in the configuration begins anew, and its subscriber's held messages wait for
/// the new endpoint. A record that cannot be read begins anew, too.
package struct SubscriptionRecord: Sendable, Hashable {
    package enum State: String, Sendable, Codable { case pending, confirmed, unsubscribed }

    package var account: AccountID
    package var key: SubscriberKey
    /// The endpoint that said it; of a subscriber by mail, `email:` or `email-json:` and the address.
    package var url: String
    /// 128 random bits in the form of a UUID, the end of its ARN: who knows it may unsubscribe.
    package var id: String
    package var state: State
    /// 256 random bits in hexadecimal; who knows it may confirm.
    package var token: String
    package var tokenExpiresAt: Timestamp
    /// When it came into this state.
    package var changedAt: Timestamp

    package init(
        account: AccountID = .main, key: SubscriberKey, url: String, id: String, state: State,
        token: String, tokenExpiresAt: Timestamp, changedAt: Timestamp
    ) {
        self.account = account
        self.key = key
        self.url = url
        self.id = id
        self.state = state
        self.token = token
        self.tokenExpiresAt = tokenExpiresAt
        self.changedAt = changedAt
    }
}

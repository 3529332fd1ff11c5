/// The value of `Feedback-ID`, by which large receivers count complaints: two names that the sender
/// chose by tags, one of the account, one of the service. SES: `a:b:1.<region>.<base64>:AmazonSES`
package struct FeedbackID: Sendable, Hashable {
    package static let accountBytesMax = 64
    /// Of region, and of service.
    private static let tokenBytesMax = 64

    let text: String

    /// `account` says to us alone which account it is. Nil unless it has 1 to `accountBytesMax`
    /// bytes, and `region` and `service` are short words of letters, digits, `.` and `-`.
    package init?(tags: [MessageTag], region: String, account: [UInt8], service: String) {
        let isToken: (String) -> Bool = { text in
            (1...Self.tokenBytesMax).contains(text.utf8.count)
                && text.utf8.allSatisfy {
                    ($0 >= 48 && $0 <= 57) || ($0 | 0x20 >= 97 && $0 | 0x20 <= 122)
                        || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".")
                }
        }
        guard isToken(region), isToken(service), !account.isEmpty,
            account.count <= Self.accountBytesMax
        else {
            return nil
        }
        let chosen = MessageTag.feedbackIDNames.map { name in
            tags.first { $0.name == name }?.value ?? ""
        }
        text = "\(chosen[0]):\(chosen[1]):1.\(region).\(Base64.text(account)):\(service)"
    }
}

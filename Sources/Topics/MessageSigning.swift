/// How a topic's messages are signed. SNS: the topic attribute `SignatureVersion`.
package enum SignatureVersion: String, Sendable, Hashable {
    /// SHA1withRSA, SNS's default.
    case sha1 = "1"
    /// SHA256withRSA.
    case sha256 = "2"
}

/// The port to the key that messages are signed with.
package protocol MessageSigner: Sendable {
    /// The signature of `bytes`, PKCS #1 v1.5. RFC 8017 §8.2.
    func signature(of bytes: [UInt8], _ version: SignatureVersion) throws -> [UInt8]
    /// Where the key's certificate stands on our public side; begins with `/`.
    var certificatePath: String { get }
}

/// What messages say of our public side.
package struct PublicSide: Sendable {
    /// `https://sns.example.com`, without a slash at its end.
    package let url: String
    package let signer: any MessageSigner

    package init(url: String, signer: any MessageSigner) {
        self.url = url
        self.signer = signer
    }

    func subscribeURL(topicARN: String, token: String) -> String {
        "\(url)/?Action=ConfirmSubscription&TopicArn=\(topicARN)&Token=\(token)"
    }

    func unsubscribeURL(subscriptionARN: String) -> String {
        "\(url)/?Action=Unsubscribe&SubscriptionArn=\(subscriptionARN)"
    }
}

import Hummingbird

extension HTTPFields.Element.Name {
    /// Which of our answers this is, for who asks us about it.
    static let requestID = field("x-amz-request-id")
    /// Of what is in AWS's chunks, in bytes.
    static let decodedContentLength = field("x-amz-decoded-content-length")

    static let contentMD5 = field("content-md5")

    private static func field(_ text: String) -> Self {
        guard let name = Self(text) else {
            preconditionFailure("\(text) is no name of a field")
        }
        return name
    }
}

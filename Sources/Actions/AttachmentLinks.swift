/// Where attachments are put that an event does not carry, and how they are got from there.
package struct AttachmentLinks: Sendable, Equatable {
    package var bucket: String
    /// The access key that signs the links, by its id or its name; it may read the bucket.
    package var accessKey: String
    /// How long a link holds. S3: a week at most
    package var seconds: Int64

    package init(bucket: String, accessKey: String, seconds: Int64) {
        self.bucket = bucket
        self.accessKey = accessKey
        self.seconds = seconds
    }

    /// The object of the attachment that is the `number`th, from 1, of the mail as `mail` says
    /// (`ActionTask.attachmentsName`): a name that no sender has
    /// written anything of, the same at every try. No folder has the mail's id: under the same prefix
    /// `store` may call an object so.
    static func key(of number: Int, in mail: String) -> String { "attachments/\(mail)-\(number)" }
}

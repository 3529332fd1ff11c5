package import MailModel
package import NIOCore

/// The port to servers that take objects over HTTP, and give them out.
package protocol ObjectCarrier: Sendable {
    /// Sends one request (PUT) to `url`; returns within `seconds` and what connecting takes.
    func put(_ upload: ObjectUpload, to url: WebURL, seconds: Int64) async -> ObjectAnswer
    /// What `url` is answered with (GET), within so long; a body of more than `bytesMax` is
    /// `tooLarge`. `Host` is the carrier's to say.
    func get(
        _ url: WebURL, headers: [(name: String, value: String)], bytesMax: Int, seconds: Int64
    ) async -> ObjectAnswer
}

/// An object on its way. `Host` and `Content-Length` are the carrier's to say.
package struct ObjectUpload: Sendable {
    package var headers: [(name: String, value: String)]
    /// Bytes.
    package var length: Int
    /// Its bytes in pieces, from 0 on; nil after the last. Blocks for the time of a disk.
    package var piece: @Sendable (_ index: Int) throws(StorageFailure) -> ByteBuffer?

    package init(
        headers: [(name: String, value: String)], length: Int,
        piece: @escaping @Sendable (_ index: Int) throws(StorageFailure) -> ByteBuffer?
    ) {
        self.headers = headers
        self.length = length
        self.piece = piece
    }
}

/// What came of a request.
package enum ObjectAnswer: Sendable, Equatable {
    /// Fields of the answer as they were sent, and of its body as much as is read. `storedEncryption`
    /// is S3's `x-amz-server-side-encryption`.
    case answered(
        status: Int, entityTag: String? = nil, storedEncryption: String? = nil, body: [UInt8] = [])
    /// 200, with a body of more bytes than were asked for.
    case tooLarge(bytesMax: Int)
    /// Nothing came back.
    case failed(String)
}

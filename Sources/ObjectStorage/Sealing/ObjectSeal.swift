import Crypto
import Foundation
import NIOCore
import Storage

/// How one object is encrypted: in chunks by AES-256-GCM, under a key of its own that is wrapped under
/// the bucket's. Whoever changes, cuts, reorders or exchanges anything is found out.
///
///     sealed  = head 1*chunk
///     head    = "MRTLOBJ" %x01 key-id(8) length(2) name wrapped
///     name    = bucket "/" key                  ; `length` bytes
///     wrapped = nonce(12) object-key(32) tag(16) ; with all before it as associated data
///     chunk   = ciphertext tag(16)               ; of 65,536 bytes, the last of 0 to 65,536
///
/// A chunk's nonce is its number (8), 3 zero bytes, and 1 for the last, else 0. The last is empty in
/// an empty object alone.
struct ObjectSeal: Sendable {
    static let chunkBytes = 65_536
    private static let tagBytes = 16
    private static let sealedChunkBytes = chunkBytes + tagBytes
    private static let mark = Array("MRTLOBJ".utf8) + [1]
    /// Of the head, up to the name.
    static let frontBytes = mark.count + ObjectKeys.idBytes + 2
    private static let wrappedBytes = 12 + 32 + tagBytes
    /// Of a name: a bucket's, and S3's longest key.
    static let nameBytesMax = 64 + 1 + ObjectKey.bytesMax

    /// What it was sealed as.
    let name: String
    let head: [UInt8]
    private let key: SymmetricKey

    /// A new one, for an object of that bucket and key.
    init(_ bucket: String, _ objectKey: String, under keys: ObjectKeys) {
        name = "\(bucket)/\(objectKey)"
        key = SymmetricKey(size: .bits256)
        let length = UInt16(clamping: name.utf8.count)
        let front =
            Self.mark + keys.first.id + [UInt8(length >> 8), UInt8(length & 0xFF)]
            + Array(name.utf8)
        let bytes = key.withUnsafeBytes { Array($0) }
        guard
            let wrapped = try? AES.GCM.seal(
                bytes, using: keys.first.wrapping, authenticating: front
            ).combined
        else { preconditionFailure("a key of 32 bytes seals another one") }
        head = front + wrapped
    }

    /// The one that begins `object`. Throws `damaged` where none does, or no key opens it.
    init(of object: any StoredObject, under keys: ObjectKeys) throws(StorageFailure) {
        guard let length = try Self.headLength(of: object) else {
            throw .damaged("it is not sealed")
        }
        let head = Array(try object.read(from: 0, length: length).readableBytesView)
        guard head.count == length else { throw .damaged("its head is cut") }
        let id = head[Self.mark.count..<Self.mark.count + ObjectKeys.idBytes]
        guard let wrapping = keys.key(id)?.wrapping else {
            throw .damaged("it is sealed under a key that is not in the key file")
        }
        let front = head.dropLast(Self.wrappedBytes)
        guard let name = String(validating: front.dropFirst(Self.frontBytes), as: UTF8.self),
            let box = try? AES.GCM.SealedBox(combined: head.suffix(Self.wrappedBytes)),
            let bytes = try? AES.GCM.open(box, using: wrapping, authenticating: front)
        else { throw .damaged("its head is damaged") }
        self.name = name
        self.head = head
        key = SymmetricKey(data: bytes)
    }

    /// Bytes of the head that begins `object`; nil where none does.
    static func headLength(of object: any StoredObject) throws(StorageFailure) -> Int? {
        let front = Array(try object.read(from: 0, length: frontBytes).readableBytesView)
        guard front.count == frontBytes, front.starts(with: mark) else { return nil }
        let length = Int(front[frontBytes - 2]) << 8 | Int(front[frontBytes - 1])
        guard length <= nameBytesMax else { return nil }
        return frontBytes + length + wrappedBytes
    }

    // MARK: Lengths

    /// Chunks of an object of so many bytes.
    static func chunks(of length: Int) -> Int { max(1, (length + chunkBytes - 1) / chunkBytes) }

    /// Of the whole, with its head.
    func sealedLength(of length: Int) -> Int {
        head.count + length + Self.chunks(of: length) * Self.tagBytes
    }

    /// Of what is in `sealed` bytes, of which `head` are the head; nil where no object has such a
    /// length.
    static func length(ofSealed sealed: Int, head: Int) -> Int? {
        let body = sealed - head
        let (whole, rest) = body.quotientAndRemainder(dividingBy: sealedChunkBytes)
        guard body >= tagBytes, rest == 0 || rest > tagBytes || whole == 0 else { return nil }
        return body - (whole + (rest > 0 ? 1 : 0)) * tagBytes
    }

    /// Where the chunk of that number is in the whole.
    func place(of chunk: Int) -> Int { head.count + chunk * Self.sealedChunkBytes }

    // MARK: Chunks

    func seal(_ chunk: ByteBuffer, _ number: Int, isLast: Bool) -> ByteBuffer {
        guard let nonce = try? AES.GCM.Nonce(data: Self.nonce(number, isLast)),
            let box = try? AES.GCM.seal(
                Array(chunk.readableBytesView), using: key, nonce: nonce)
        else { preconditionFailure("a key of 32 bytes seals a chunk") }
        var sealed = ByteBuffer()
        sealed.reserveCapacity(chunk.readableBytes + Self.tagBytes)
        sealed.writeBytes(box.ciphertext)
        sealed.writeBytes(box.tag)
        return sealed
    }

    /// Throws `damaged` where it is not the chunk of that number, or not as it was.
    func open(
        _ sealed: ByteBuffer, _ number: Int, isLast: Bool
    ) throws(StorageFailure) -> ByteBuffer {
        let bytes = Array(sealed.readableBytesView)
        guard bytes.count >= Self.tagBytes,
            let nonce = try? AES.GCM.Nonce(data: Self.nonce(number, isLast)),
            let box = try? AES.GCM.SealedBox(
                nonce: nonce, ciphertext: bytes.dropLast(Self.tagBytes),
                tag: bytes.suffix(Self.tagBytes)),
            let opened = try? AES.GCM.open(box, using: key)
        else { throw .damaged("chunk \(number) is not as it was written") }
        return ByteBuffer(bytes: opened)
    }

    private static func nonce(_ number: Int, _ isLast: Bool) -> [UInt8] {
        let digits = (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) }
        return digits + [0, 0, 0, isLast ? 1 : 0]
    }
}

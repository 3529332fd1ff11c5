package import MailModel
package import NIOCore

/// The port to what lies in buckets, for who reads and writes there by name. All calls block; none
/// leaves a bucket's folder, whatever symbolic links lie in it.
package protocol ObjectAccess: Sendable {
    /// The object as it is now, whatever becomes of its name; nil where there is none. Of a bucket whose
    /// objects are encrypted, what is in it; `damaged` where it is not as it was written.
    func open(_ key: ObjectKey, in bucket: String) throws(StorageFailure)
        -> (any StoredObject)?
    /// Objects in the order of their keys' bytes. A folder that is closed is told as such, asked for by
    /// folder or not.
    func list(_ question: ObjectQuestion, in bucket: String) throws(StorageFailure) -> ObjectListing
    /// A new object, which has its name only once it is finished.
    func create(_ key: ObjectKey, in bucket: String) throws(StorageFailure) -> any ObjectWriter
    /// Durably. One that is not there is no error.
    func remove(_ key: ObjectKey, in bucket: String) throws(StorageFailure)
}

/// An object's name in its bucket: what can be a path below a folder, and be said in XML.
package struct ObjectKey: Sendable, Hashable {
    /// In UTF-8. S3: 1,024
    package static let bytesMax = 1_024
    /// Between slashes.
    package static let partsMax = 32
    /// Of one part, as file systems have it.
    package static let partBytesMax = 255

    package let text: String

    /// Nil where it is too long, has an empty part or one that begins with a dot, or a control
    /// character.
    package init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard text.utf8.count <= Self.bytesMax, parts.count <= Self.partsMax,
            parts.allSatisfy(Self.isPart),
            text.unicodeScalars.allSatisfy(Self.isWritable)
        else { return nil }
        self.text = text
    }

    package var parts: [String] { text.split(separator: "/").map(String.init) }

    private static func isPart(_ part: Substring.UTF8View) -> Bool {
        (1...partBytesMax).contains(part.count) && part.first != UInt8(ascii: ".")
    }

    /// XML 1.0, “Characters”, and no control characters.
    private static func isWritable(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value)
            && scalar.value != 0xFFFE && scalar.value != 0xFFFF
    }
}

/// What is known of an object without reading it.
package struct ObjectFacts: Sendable, Equatable {
    /// Bytes.
    package let size: Int
    package let modifiedAt: Timestamp
    /// Another one when it was written anew; it says nothing of the bytes.
    package let tag: String

    package init(size: Int, modifiedAt: Timestamp, tag: String) {
        self.size = size
        self.modifiedAt = modifiedAt
        self.tag = tag
    }
}

/// An object that is open for reading.
package protocol StoredObject: Sendable {
    var facts: ObjectFacts { get }
    /// Up to `length` bytes from `start` on; fewer only where it ends there. Blocks.
    func read(from start: Int, length: Int) throws(StorageFailure) -> ByteBuffer
}

/// An object that is being written, by one task. All calls block.
package protocol ObjectWriter: Sendable {
    func write(_ bytes: ByteBuffer) throws(StorageFailure)
    /// Gives it its name, in the place of the object that had it, durably; nil where that cannot be: a
    /// folder has that name, or what should be a folder is none.
    func finish() throws(StorageFailure) -> ObjectFacts?
    /// Nothing is left of it.
    func abandon()
}

/// Which objects of a bucket are asked for.
package struct ObjectQuestion: Sendable {
    /// Of their keys, in bytes of UTF-8.
    package var prefix: String
    /// Only keys after this one: of a folder, those of the folders after it.
    package var after: String
    /// Whether those in a folder below the prefix are told as that folder alone.
    package var isByFolder: Bool
    /// Objects and folders.
    package var limit: Int

    package init(prefix: String, after: String, isByFolder: Bool, limit: Int) {
        self.prefix = prefix
        self.after = after
        self.isByFolder = isByFolder
        self.limit = limit
    }
}

package struct ObjectListing: Sendable, Equatable {
    package enum Entry: Sendable, Equatable {
        case object(key: String, ObjectFacts)
        /// With its slash: there is at least one object in it.
        case folder(String)
        /// With its slash: what is in it, our user may not know, as `reason` says.
        case closed(String, reason: String)

        package var name: String {
            switch self {
            case .object(let key, _): key
            case .folder(let name), .closed(let name, _): name
            }
        }
    }

    package var entries: [Entry]
    /// Whether there are more.
    package var isCut: Bool

    package init(entries: [Entry], isCut: Bool) {
        self.entries = entries
        self.isCut = isCut
    }
}

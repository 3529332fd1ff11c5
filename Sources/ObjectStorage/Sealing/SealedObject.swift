import MailModel
import NIOCore
import Storage

/// What is in an object that is sealed, as if it were not.
struct SealedObject: StoredObject {
    let facts: ObjectFacts
    private let object: any StoredObject
    private let seal: ObjectSeal

    /// What it was sealed as: `bucket/key`.
    var name: String { seal.name }

    /// `object` is the one that is sealed. Its last chunk is opened here, which says that it has all of
    /// its length. Throws `damaged` where it has not, or no key opens it.
    init(_ object: any StoredObject, under keys: ObjectKeys) throws(StorageFailure) {
        seal = try ObjectSeal(of: object, under: keys)
        guard
            let length = ObjectSeal.length(
                ofSealed: object.facts.size, head: seal.head.count)
        else { throw .damaged("it is cut") }
        self.object = object
        facts = ObjectFacts(
            size: length, modifiedAt: object.facts.modifiedAt, tag: object.facts.tag)
        _ = try chunk(ObjectSeal.chunks(of: length) - 1)
    }

    /// The same of one that has to be sealed as `name`.
    init(
        _ object: any StoredObject, as name: String, under keys: ObjectKeys
    ) throws(StorageFailure) {
        do throws(StorageFailure) {
            try self.init(object, under: keys)
            guard self.name == name else { throw .damaged("it is sealed as \(self.name)") }
        } catch {
            guard case .damaged(let reason) = error else { throw error }
            throw .damaged("object \(name): \(reason)")
        }
    }

    func read(from start: Int, length: Int) throws(StorageFailure) -> ByteBuffer {
        let end = min(facts.size, start + length)
        var read = ByteBuffer()
        var position = start
        while position < end {
            let (number, offset) = position.quotientAndRemainder(
                dividingBy: ObjectSeal.chunkBytes)
            let chunk = try chunk(number)
            let count = min(end - position, chunk.readableBytes - offset)
            guard var part = chunk.getSlice(at: chunk.readerIndex + offset, length: count) else {
                throw .damaged("chunk \(number) is too short")
            }
            read.writeBuffer(&part)
            position += count
        }
        return read
    }

    private func chunk(_ number: Int) throws(StorageFailure) -> ByteBuffer {
        let isLast = number == ObjectSeal.chunks(of: facts.size) - 1
        let (start, end) = (seal.place(of: number), seal.place(of: number + 1))
        let sealed = try object.read(from: start, length: min(end, object.facts.size) - start)
        return try seal.open(sealed, number, isLast: isLast)
    }
}

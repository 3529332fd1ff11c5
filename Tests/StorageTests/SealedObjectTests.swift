import Foundation
import MailModel
import NIOCore
import ObjectStorage
import Storage
import TestSupport
import Testing

/// Objects of a bucket that has keys.
@Suite struct SealedObjectTests {
    private static let chunk = 65_536
    private static let key = Data(repeating: 1, count: 32).base64EncodedString()
    private static let newKey = Data(repeating: 2, count: 32).base64EncodedString()

    /// Two buckets with the same keys.
    private struct Desk {
        let folder: String
        let store: DirectoryObjectStore

        init(_ lines: String..., folder: String? = nil) throws {
            let keys = try #require(ObjectKeys(lines: lines))
            let place = try folder ?? ProjectFiles.temporaryFolder()
            self.folder = place
            store = try DirectoryObjectStore(
                buckets: ["mail": "\(place)/mail", "other": "\(place)/other"],
                keys: ["mail": keys, "other": keys], temporaryFolder: "\(place)/new",
                onSyncFailure: { Issue.record("\($0)") })
        }

        func put(_ key: String, _ bytes: [UInt8], bucket: String = "mail") async throws {
            let object = ObjectToPut(
                bucket: bucket, key: key, prefix: nil, content: .bytes(ByteBuffer(bytes: bytes)))
            guard case .success? = await store.put([object]).first else {
                throw StorageFailure.refused("not stored")
            }
        }

        func path(_ key: String, bucket: String = "mail") -> String { "\(folder)/\(bucket)/\(key)" }

        func sealed(_ key: String, bucket: String = "mail") throws -> [UInt8] {
            Array(try Data(contentsOf: URL(fileURLWithPath: path(key, bucket: bucket))))
        }

        func write(_ bytes: [UInt8], _ key: String, bucket: String = "mail") throws {
            try Data(bytes).write(to: URL(fileURLWithPath: path(key, bucket: bucket)))
        }

        func open(_ key: String, bucket: String = "mail") throws -> any StoredObject {
            let name = try #require(ObjectKey(key))
            return try #require(try store.open(name, in: bucket))
        }

        /// All that is in it; nil where something is found to be wrong.
        func read(_ key: String, bucket: String = "mail") throws -> [UInt8]? {
            do {
                let object = try open(key, bucket: bucket)
                let read = try object.read(from: 0, length: object.facts.size)
                return Array(read.readableBytesView)
            } catch StorageFailure.damaged {
                return nil
            }
        }

        func end() throws { try FileManager.default.removeItem(atPath: folder) }
    }

    private static func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
    }

    private func failure(_ body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch {
            return "\(error)"
        }
    }

    static let sizes = [0, 1, chunk - 1, chunk, chunk + 1, 2 * chunk, 200_000]

    @Test(arguments: sizes)
    func isReadAsItWasStored(_ size: Int) async throws {
        let desk = try Desk(Self.key)
        let bytes = Self.bytes(size)
        try await desk.put("in/a", bytes)
        let sealed = try desk.sealed("in/a")
        let chunks = max(1, (size + Self.chunk - 1) / Self.chunk)
        // Its head has the name, and else a fixed length.
        #expect(sealed.count == 78 + "mail/in/a".utf8.count + size + 16 * chunks)
        let object = try desk.open("in/a")
        #expect(object.facts.size == size)
        for range in [
            0..<size, 0..<size + 100, size..<size + 1, size / 2..<size,
            Self.chunk - 1..<Self.chunk + 1, Self.chunk..<Self.chunk + 7, 1..<2,
        ] where range.lowerBound <= size {
            let read = try object.read(from: range.lowerBound, length: range.count)
            #expect(Array(read.readableBytesView) == Array(bytes[range.clamped(to: 0..<size)]))
        }
        let question = ObjectQuestion(prefix: "", after: "", isByFolder: false, limit: 10)
        #expect(
            try desk.store.list(question, in: "mail").entries
                == [.object(key: "in/a", object.facts)])
        try desk.end()
    }

    /// From a file, with header lines before it: nothing of it is a link.
    @Test func aMailInAFileIsSealed() async throws {
        let desk = try Desk(Self.key)
        let body = "\(desk.folder)/body"
        let text = Array(String(repeating: "Secret: words\r\n", count: 10_000).utf8)
        try Data(text).write(to: URL(fileURLWithPath: body))
        let results = await desk.store.put([
            ObjectToPut(
                bucket: "mail", key: "plain", prefix: nil,
                content: .file(path: body, start: 0, length: text.count)),
            ObjectToPut(
                bucket: "mail", key: "fronted", prefix: ByteBuffer(string: "X: y\r\n"),
                content: .file(path: body, start: 8, length: text.count - 8)),
        ])
        #expect(results.count == 2)
        #expect(try desk.read("plain") == text)
        #expect(try desk.read("fronted") == Array("X: y\r\n".utf8) + text.dropFirst(8))
        for key in ["plain", "fronted"] {
            #expect(Data(try desk.sealed(key)).range(of: Data("Secret".utf8)) == nil)
        }
        try desk.end()
    }

    /// Written in pieces of any size, it is the same.
    @Test(arguments: sizes, [1_000, 65_536, 100_000])
    func isWrittenInPieces(_ size: Int, _ piece: Int) throws {
        let desk = try Desk(Self.key)
        let bytes = Self.bytes(size)
        let key = try #require(ObjectKey("a"))
        let writer = try desk.store.create(key, in: "mail")
        for start in stride(from: 0, to: size, by: piece) {
            try writer.write(ByteBuffer(bytes: bytes[start..<min(size, start + piece)]))
        }
        #expect(try writer.finish()?.size == size)
        #expect(try desk.read("a") == bytes)
        try desk.end()
    }

    // MARK: What is found out

    @Test func anyFlippedByteIsFoundOut() async throws {
        let desk = try Desk(Self.key)
        for (size, step) in [(0, 1), (11, 1), (2 * Self.chunk + 5, 1_009)] {
            try await desk.put("a", Self.bytes(size))
            let sealed = try desk.sealed("a")
            for index in stride(from: 0, to: sealed.count, by: step) {
                var changed = sealed
                changed[index] ^= 1
                try desk.write(changed, "a")
                #expect(try desk.read("a") == nil, "byte \(index) of \(sealed.count)")
            }
        }
        try desk.end()
    }

    @Test func whatIsCutOrAddedIsFoundOut() async throws {
        let desk = try Desk(Self.key)
        try await desk.put("a", Self.bytes(11))
        let small = try desk.sealed("a")
        for count in 0..<small.count {
            try desk.write(Array(small[..<count]), "a")
            #expect(try desk.read("a") == nil, "\(count) bytes of \(small.count)")
        }
        try await desk.put("a", Self.bytes(3 * Self.chunk))
        let large = try desk.sealed("a")
        let head = 78 + "mail/a".utf8.count
        for chunks in 0...2 {
            let end = head + chunks * (Self.chunk + 16)
            for count in [end, end + 1, end + 16, end + 17] {
                try desk.write(Array(large[..<count]), "a")
                #expect(failure { _ = try desk.open("a") } != nil, "\(count) bytes")
            }
        }
        for more in [1, 16, 17, Self.chunk + 16] {
            try desk.write(large + [UInt8](repeating: 0, count: more), "a")
            #expect(failure { _ = try desk.open("a") } != nil, "\(more) bytes more")
        }
        try desk.end()
    }

    @Test func whatIsExchangedIsFoundOut() async throws {
        let desk = try Desk(Self.key)
        try await desk.put("a", Self.bytes(2 * Self.chunk))
        try await desk.put("b", Self.bytes(2 * Self.chunk))
        let (one, two) = (try desk.sealed("a"), try desk.sealed("b"))
        // As a whole: under another key, and in another bucket.
        try desk.write(two, "a")
        #expect(
            failure { _ = try desk.open("a") }?.contains("it is sealed as mail/b") == true)
        try FileManager.default.createDirectory(
            atPath: "\(desk.folder)/other", withIntermediateDirectories: true)
        try desk.write(one, "a", bucket: "other")
        #expect(
            failure { _ = try desk.open("a", bucket: "other") }?
                .contains("it is sealed as mail/a") == true)
        // In parts: the other's first or last chunk, and its own in another order.
        let head = 78 + "mail/a".utf8.count
        let middle = head + Self.chunk + 16
        for parts in [
            [one[..<head], two[head..<middle], one[middle...]], [one[..<middle], two[middle...]],
            [one[..<head], one[middle...], one[head..<middle]],
            [two[..<head], one[head...]],
        ] {
            try desk.write(Array(parts.joined()), "a")
            #expect(try desk.read("a") == nil)
        }
        try desk.write(one, "a")
        #expect(try desk.read("a") == Self.bytes(2 * Self.chunk))
        try desk.end()
    }

    /// Who can write there puts nothing in an object's place that nobody has sealed.
    @Test func whatIsNotSealedIsNoObject() async throws {
        let desk = try Desk(Self.key)
        try await desk.put("a", [])
        for text in ["", "MRTLOBJ", "Subject: hello\r\n\r\nlonger than a head's front\r\n"] {
            try desk.write(Array(text.utf8), "a")
            #expect(failure { _ = try desk.open("a") }?.contains("it is not sealed") == true)
        }
        try desk.end()
    }

    // MARK: Keys

    @Test func keysAreChanged() async throws {
        let old = try Desk(Self.key)
        try await old.put("old", [1])
        let both = try Desk(Self.newKey, Self.key, folder: old.folder)
        try await both.put("new", [2])
        #expect(try both.read("old") == [1])
        #expect(try both.read("new") == [2])
        let new = try Desk(Self.newKey, folder: old.folder)
        #expect(try new.read("new") == [2])
        #expect(
            failure { _ = try new.open("old") }?
                .contains("it is sealed under a key that is not in the key file") == true)
        try old.end()
    }

    @Test func aKeyFile() {
        let (one, two) = (Self.key, Self.newKey)
        #expect(ObjectKeys(lines: [one]) != nil)
        #expect(ObjectKeys(lines: [one, two]) != nil)
        let others = (0..<17).map { Data(repeating: UInt8($0), count: 32).base64EncodedString() }
        #expect(ObjectKeys(lines: Array(others.prefix(16))) != nil)
        #expect(ObjectKeys(lines: others) == nil)
        for lines in [
            [], [""], [one, one], ["\(one) \(two)"], [one, "x"], [String(one.dropLast(4))],
            [Data(repeating: 1, count: 31).base64EncodedString()],
            [Data(repeating: 1, count: 33).base64EncodedString()], ["# a key", one],
        ] {
            #expect(ObjectKeys(lines: lines) == nil, "\(lines)")
        }
    }
}

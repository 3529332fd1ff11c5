import Foundation
import NIOCore
import ObjectStorage
import Storage
import TestSupport
import Testing

/// Objects that are read and written by name, in a folder of a test's own.
@Suite(.timeLimit(.minutes(1))) struct ObjectAccessTests {
    private final class Place: Sendable {
        let folder: String
        let store: DirectoryObjectStore

        init() throws {
            folder = try ProjectFiles.temporaryFolder()
            store = try DirectoryObjectStore(
                buckets: ["mail": "\(folder)/mail"], temporaryFolder: "\(folder)/new",
                onSyncFailure: { Issue.record("\($0)") })
        }

        deinit { try? FileManager.default.removeItem(atPath: folder) }

        func path(_ key: String) -> String { "\(folder)/mail/\(key)" }

        @discardableResult
        func put(_ key: String, _ text: String = "x") throws -> ObjectFacts? {
            let writer = try store.create(try Self.key(key), in: "mail")
            try writer.write(ByteBuffer(string: text))
            let facts = try writer.finish()
            if facts == nil { writer.abandon() }
            return facts
        }

        func text(_ key: String) throws -> String? {
            guard let object = try store.open(try Self.key(key), in: "mail") else { return nil }
            return String(buffer: try object.read(from: 0, length: object.facts.size))
        }

        func list(
            _ prefix: String = "", after: String = "", isByFolder: Bool = false,
            limit: Int = 1_000
        ) throws -> ObjectListing {
            try store.list(
                ObjectQuestion(
                    prefix: prefix, after: after, isByFolder: isByFolder, limit: limit),
                in: "mail")
        }

        /// All of it, in pages of `limit`.
        func names(
            _ prefix: String = "", isByFolder: Bool = false, limit: Int = 1_000
        ) throws -> [String] {
            var names: [String] = []
            while true {
                let page = try list(
                    prefix, after: names.last ?? "", isByFolder: isByFolder, limit: limit)
                #expect(page.entries.count <= limit)
                names += page.entries.map(\.name)
                guard page.isCut, page.entries.count == limit else {
                    #expect(!page.isCut)
                    return names
                }
            }
        }

        static func key(_ text: String) throws -> ObjectKey { try #require(ObjectKey(text)) }
    }

    @Test func anObjectIsPutReadAndRemoved() throws {
        let place = try Place()
        let first = try #require(try place.put("a/b/c", "one"))
        #expect(first.size == 3)
        #expect(try place.text("a/b/c") == "one")
        let open = try #require(try place.store.open(try Place.key("a/b/c"), in: "mail"))
        #expect(open.facts == first)
        let second = try #require(try place.put("a/b/c", "three"))
        #expect(second.tag != first.tag)
        // Who reads the old one goes on.
        #expect(String(buffer: try open.read(from: 1, length: 9)) == "ne")
        #expect(try place.text("a/b/c") == "three")
        for _ in 0..<2 { try place.store.remove(try Place.key("a/b/c"), in: "mail") }
        #expect(try place.text("a/b/c") == nil)
        #expect(try place.names() == [])
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: "\(place.folder)/new") == [])
    }

    @Test func whatIsAbandonedIsGone() throws {
        let place = try Place()
        let writer = try place.store.create(try Place.key("a"), in: "mail")
        try writer.write(ByteBuffer(string: "x"))
        writer.abandon()
        #expect(try place.text("a") == nil)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: "\(place.folder)/new") == [])
    }

    @Test func aFolderIsNoObjectAndNoneAFolder() throws {
        let place = try Place()
        try place.put("a/b")
        #expect(try place.put("a") == nil)
        #expect(try place.put("a/b/c") == nil)
        #expect(try place.text("a") == nil)
        #expect(try place.text("a/b/c") == nil)
        try place.store.remove(try Place.key("a"), in: "mail")
        #expect(try place.names() == ["a/b"])
    }

    @Test func noLinkIsFollowed() throws {
        let place = try Place()
        let files = FileManager.default
        try files.createDirectory(
            atPath: "\(place.folder)/out", withIntermediateDirectories: false)
        #expect(files.createFile(atPath: "\(place.folder)/out/x", contents: Data("s".utf8)))
        try files.createSymbolicLink(
            atPath: place.path("folder"), withDestinationPath: "\(place.folder)/out")
        try files.createSymbolicLink(
            atPath: place.path("file"), withDestinationPath: "\(place.folder)/out/x")
        #expect(try place.text("folder/x") == nil)
        #expect(try place.text("file") == nil)
        #expect(try place.put("folder/y") == nil)
        try place.store.remove(try Place.key("folder/x"), in: "mail")
        try place.store.remove(try Place.key("file"), in: "mail")
        #expect(try place.names() == [])
        #expect(try place.names("folder/") == [])
        #expect(try files.contentsOfDirectory(atPath: "\(place.folder)/out") == ["x"])
        // A name that is a link becomes an object.
        try place.put("file", "mine")
        #expect(try place.text("file") == "mine")
        #expect(
            try Data(contentsOf: URL(fileURLWithPath: "\(place.folder)/out/x")) == Data("s".utf8))
    }

    /// It keeps nobody from what is beside it, and is told in its place.
    @Test(arguments: [1, 2, 3, 100])
    func whatIsNotForOurUserIsTold(_ limit: Int) throws {
        let place = try Place()
        for key in ["a/1", "b/1", "b/deep/1", "c/1", "c/2", "d", "e/1"] { try place.put(key) }
        for folder in ["", "a", "b", "e"] { chmod(place.path(folder), 0o755) }
        for key in ["a/1", "b/1", "e/1"] { chmod(place.path(key), 0o644) }
        chmod(place.path("b/deep"), 0)
        // Names can be read there, and nothing else.
        chmod(place.path("c"), 0o444)
        chmod(place.path("d"), 0)
        try OtherUser.run {
            let names = ["a/1", "b/1", "b/deep/", "c/", "d", "e/1"]
            #expect(try place.names(limit: limit) == names)
            #expect(try place.names("c/", limit: limit) == ["c/"])
            #expect(try place.names("b/deep/x", limit: limit) == ["b/deep/"])
            #expect(
                try place.names(isByFolder: true, limit: limit) == ["a/", "b/", "c/", "d", "e/"])
            guard case .closed(_, let reason) = try place.list("c").entries.first else {
                Issue.record("it is not told")
                return
            }
            #expect(reason == "open \(place.path("c"))/.: Permission denied")
            for key in ["b/deep/1", "c/1", "d"] {
                let failure = #expect(throws: StorageFailure.self) { _ = try place.text(key) }
                guard case .forbidden(let detail) = failure else {
                    Issue.record("\(key): \(String(describing: failure))")
                    continue
                }
                #expect(detail.hasSuffix("Permission denied"))
            }
            #expect(try place.text("e/1") == "x")
        }
        for folder in ["b/deep", "c"] { chmod(place.path(folder), 0o755) }
    }

    /// The bucket's own folder is no fault of one object.
    @Test func aBucketThatIsClosedMayBeOpenedLater() throws {
        let place = try Place()
        try place.put("a")
        chmod(place.path(""), 0)
        try OtherUser.run {
            let failures = [
                #expect(throws: StorageFailure.self) { _ = try place.list() },
                #expect(throws: StorageFailure.self) { _ = try place.text("a") },
            ]
            #expect(failures.map { $0?.mayPass } == [true, true])
        }
        chmod(place.path(""), 0o755)
    }

    /// In the order of bytes, whatever the pages; folders without objects take nobody's place.
    @Test(arguments: [1, 2, 3, 5, 100])
    func aListingIsInOrder(_ limit: Int) throws {
        let place = try Place()
        let keys = [
            "a-b", "a.txt", "a/1", "a/2/x", "a/2/y", "a/3", "a0", "b/c/d/e", "Z", "ü/1", "é",
        ].sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        for key in keys { try place.put(key) }
        for number in 0..<100 {
            try FileManager.default.createDirectory(
                atPath: place.path("a/0empty\(number)/deep"), withIntermediateDirectories: true)
        }
        #expect(try place.names(limit: limit) == keys)
        for prefix in ["a", "a/", "a/2", "a/2/", "b", "b/c/d/e", "ü", "none", "a/0empty1"] {
            #expect(try place.names(prefix, limit: limit) == keys.filter { $0.hasPrefix(prefix) })
        }
        #expect(
            try place.names(isByFolder: true, limit: limit)
                == ["Z", "a-b", "a.txt", "a/", "a0", "b/", "é", "ü/"])
        #expect(try place.names("a/", isByFolder: true, limit: limit) == ["a/1", "a/2/", "a/3"])
        #expect(try place.names("a/2", isByFolder: true, limit: limit) == ["a/2/"])
        #expect(try place.names("b/c", isByFolder: true, limit: limit) == ["b/c/"])
        for (index, key) in keys.enumerated() {
            #expect(
                try place.list(after: key).entries.map(\.name) == Array(keys[(index + 1)...]))
        }
        // Of a folder of which some was told already, what is left counts.
        #expect(
            try place.list(after: "a/2/x", isByFolder: true, limit: 1).entries.map(\.name)
                == ["a/"])
        #expect(
            try place.list(after: "a/3", isByFolder: true, limit: 1).entries.map(\.name)
                == ["a0"])
    }

    @Test(arguments: ["../", "..", "/", "//", "a//", ".", ".x/", "a/../"])
    func aPrefixThatCannotBeFindsNothing(_ prefix: String) throws {
        let place = try Place()
        try place.put("a/b")
        #expect(try place.names(prefix) == [])
        #expect(try place.names(prefix, isByFolder: true) == [])
    }

    @Test func aListingShowsObjectsAlone() throws {
        let place = try Place()
        try place.put("a", "12345")
        let files = FileManager.default
        #expect(files.createFile(atPath: place.path(".hidden"), contents: nil))
        #expect(mkfifo(place.path("pipe"), 0o600) == 0)
        #expect(try place.text("pipe") == nil)
        #expect(files.createFile(atPath: place.path("line\nend"), contents: nil))
        guard case .object("a", let facts)? = try place.list().entries.first else {
            Issue.record("no object")
            return
        }
        #expect(facts.size == 5)
        #expect(try place.names() == ["a"])
    }

    /// More names than a page holds at once, in one folder.
    @Test func aLargeFolderIsPaged() throws {
        let place = try Place()
        let names = (0..<700).map { "n\($0)" }
        for name in names {
            #expect(FileManager.default.createFile(atPath: place.path(name), contents: nil))
        }
        let sorted = names.sorted()
        #expect(try place.names(limit: 60) == sorted)
        #expect(try place.names(limit: 700) == sorted)
        #expect(try place.list(limit: 699).isCut)
        #expect(try !place.list(limit: 700).isCut)
    }
}

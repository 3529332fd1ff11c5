import Foundation
import NIOCore
import ObjectStorage
import Storage
import TestSupport
import Testing

/// Maildirs in a folder of a test's own.
@Suite(.timeLimit(.minutes(1))) struct MaildirFoldersTests {
    private final class Place: Sendable {
        let folder: String
        let folders = MaildirFolders(onSyncFailure: { Issue.record("\($0)") })

        init() throws { folder = try ProjectFiles.temporaryFolder() }

        deinit { try? FileManager.default.removeItem(atPath: folder) }

        func path(_ name: String) -> String { "\(folder)/\(name)" }

        func names(_ name: String) throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: path(name)).sorted()
        }

        func mode(_ name: String) throws -> Int? {
            let attributes = try FileManager.default.attributesOfItem(atPath: path(name))
            return (attributes[.posixPermissions] as? NSNumber)?.intValue
        }

        func text(_ name: String) throws -> String {
            String(decoding: try Data(contentsOf: URL(fileURLWithPath: path(name))), as: UTF8.self)
        }

        func put(
            _ rest: MailContent = .bytes(ByteBuffer(string: "body\r\n")),
            front: String = "A: b\r\n",
            parts: [String] = ["example.com", "ada"], mayBeThere: Bool = false
        ) async -> Result<Void, ObjectStoreFailure> {
            await folders.put([
                MaildirMail(
                    place: MaildirPlace(base: folder, parts: parts), name: "1.a.mx",
                    front: ByteBuffer(string: front), rest: rest, mayBeThere: mayBeThere)
            ])[0]
        }
    }

    private static let here = "example.com/ada"

    @Test func aMailIsAFileOfItsReader() async throws {
        let place = try Place()
        try await place.put().get()
        #expect(try place.names(Self.here) == ["cur", "new", "tmp"])
        #expect(try place.names("\(Self.here)/new") == ["1.a.mx"])
        #expect(try place.names("\(Self.here)/tmp") == [])
        #expect(try place.text("\(Self.here)/new/1.a.mx") == "A: b\nbody\n")
        #expect(try place.mode("\(Self.here)/new/1.a.mx") == 0o600)
        #expect(try place.mode(Self.here) == 0o700)
        #expect(try place.mode("example.com") == 0o700)
    }

    /// A folder whose files are its group's own has Maildirs that the group reads.
    @Test func aMailIsAFileOfItsGroup() async throws {
        let place = try Place()
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o2770], ofItemAtPath: place.folder)
        try await place.put().get()
        #expect(try place.mode("\(Self.here)/new") == 0o2770)
        #expect(try place.mode("\(Self.here)/new/1.a.mx") == 0o660)
    }

    @Test(arguments: [
        ("\r\n", "\n"), ("a\r\n\r\nb", "a\n\nb"), ("a\rb\r", "a\rb\r"), ("\r\r\n", "\r\n"),
        ("a\nb\r\n", "a\nb\n"), ("", ""),
    ])
    func linesEndAsFilesHaveThem(_ content: String, _ expected: String) async throws {
        let place = try Place()
        // However it is cut in two.
        for cut in 0...content.utf8.count {
            let bytes = Array(content.utf8)
            let parts = ["cut-\(cut)"]
            try await place.put(
                .bytes(ByteBuffer(bytes: bytes[cut...])),
                front: String(decoding: bytes[..<cut], as: UTF8.self), parts: parts
            ).get()
            #expect(try place.text("cut-\(cut)/new/1.a.mx") == expected)
        }
    }

    /// It is read in pieces of a megabyte: some line end is between two of them.
    @Test func aLargeMailIsWrittenWhole() async throws {
        let place = try Place()
        let lines = (0..<90_000).map { "line \($0) " + String(repeating: "x", count: $0 % 40) }
        let text = lines.map { $0 + "\r\n" }.joined()
        #expect(text.utf8.count > 2_097_152)
        let path = place.path("body")
        try Data(("head" + text).utf8).write(to: URL(fileURLWithPath: path))
        try await place.put(.file(path: path, start: 4, length: text.utf8.count)).get()
        #expect(
            try place.text("\(Self.here)/new/1.a.mx")
                == "A: b\n" + lines.map { $0 + "\n" }.joined())
    }

    /// A killed server left half of it, or has delivered it without noting that.
    @Test func aMailIsThereOnce() async throws {
        let place = try Place()
        for folder in ["tmp", "new", "cur"] {
            try FileManager.default.createDirectory(
                atPath: place.path("\(Self.here)/\(folder)"), withIntermediateDirectories: true)
        }
        try Data("half of an older, longer attempt".utf8).write(
            to: URL(fileURLWithPath: place.path("\(Self.here)/tmp/1.a.mx")))
        try await place.put().get()
        #expect(try place.names("\(Self.here)/tmp") == [])
        #expect(try place.text("\(Self.here)/new/1.a.mx") == "A: b\nbody\n")
        try await place.put(.bytes(ByteBuffer(string: "other")), mayBeThere: true).get()
        try await place.put(.bytes(ByteBuffer(string: "other"))).get()
        #expect(try place.text("\(Self.here)/new/1.a.mx") == "A: b\nbody\n")
        try FileManager.default.moveItem(
            atPath: place.path("\(Self.here)/new/1.a.mx"),
            toPath: place.path("\(Self.here)/cur/1.a.mx:2,S"))
        try await place.put(mayBeThere: true).get()
        #expect(try place.names("\(Self.here)/new") == [])
        #expect(try place.names("\(Self.here)/cur") == ["1.a.mx:2,S"])
    }

    /// The operator's own folder may be a link; nothing below it is followed.
    @Test(arguments: [
        "example.com", "example.com/ada", "example.com/ada/new", "example.com/ada/tmp",
    ])
    func noLinkIsFollowed(_ link: String) async throws {
        let place = try Place()
        try FileManager.default.createDirectory(
            atPath: place.path("elsewhere"), withIntermediateDirectories: true)
        let parent = link.split(separator: "/").dropLast().joined(separator: "/")
        try FileManager.default.createDirectory(
            atPath: place.path(parent), withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: place.path(link), withDestinationPath: place.path("elsewhere"))
        await #expect(throws: ObjectStoreFailure.self) { try await place.put().get() }
        #expect(try place.names("elsewhere") == [])
    }

    @Test func aFolderThatIsNotThereIsNotMade() async throws {
        let place = try Place()
        try FileManager.default.removeItem(atPath: place.folder)
        await #expect(throws: ObjectStoreFailure.self) { try await place.put().get() }
        #expect(!FileManager.default.fileExists(atPath: place.folder))
    }

    /// A Maildir that was removed behind our back is made anew.
    @Test func aMaildirThatIsGoneIsMadeAnew() async throws {
        let place = try Place()
        try await place.put().get()
        try FileManager.default.removeItem(atPath: place.path("example.com"))
        try await place.put().get()
        #expect(try place.names("\(Self.here)/new") == ["1.a.mx"])
    }
}

import Foundation
import MailModel
import NIOCore
import NIOPosix
import ObjectStorage
import Storage
import Synchronization
import TestSupport
import Testing
import Topics

@Suite struct DirectoryObjectStoreTests {
    private func withStore(
        _ body: (DirectoryObjectStore, String) async throws -> Void
    ) async throws {
        let folder = try ProjectFiles.temporaryFolder()
        let store = try DirectoryObjectStore(
            buckets: ["mail": "\(folder)/mail", "other": "\(folder)/other"],
            temporaryFolder: "\(folder)/objects", onSyncFailure: { _ in })
        try await body(store, folder)
        try FileManager.default.removeItem(atPath: folder)
    }

    private func object(
        _ key: String, _ text: String, bucket: String = "mail", prefix: String? = nil
    ) -> ObjectToPut {
        ObjectToPut(
            bucket: bucket, key: key, prefix: prefix.map { ByteBuffer(string: $0) },
            content: .bytes(ByteBuffer(string: text)))
    }

    private func files(_ folder: String) -> [String] {
        (FileManager.default.subpaths(atPath: folder) ?? []).sorted()
    }

    private func isDone(_ result: Result<Void, ObjectStoreFailure>) -> Bool {
        if case .success = result { true } else { false }
    }

    @Test func writesEachObjectWhole() async throws {
        try await withStore { (store, folder) async throws in
            let results = await store.put([
                object("a", "one"), object("in/b", "two", prefix: "X: y\r\n"),
                object("a", "else", bucket: "other"), object("in/c", ""), object("d", "four"),
            ])
            #expect(results.allSatisfy(isDone))
            #expect(files("\(folder)/mail") == ["a", "d", "in", "in/b", "in/c"])
            #expect(try ProjectFiles.text("\(folder)/mail/in/b") == "X: y\r\ntwo")
            #expect(try ProjectFiles.text("\(folder)/other/a") == "else")
            #expect(files("\(folder)/objects").isEmpty)
        }
    }

    @Test func overwritesAnObjectOfTheSameKey() async throws {
        try await withStore { (store, folder) async throws in
            for text in ["first", "second"] {
                #expect(isDone(await store.put([object("a", text)])[0]))
            }
            #expect(try ProjectFiles.text("\(folder)/mail/a") == "second")
            #expect(files("\(folder)/objects").isEmpty)
        }
    }

    /// One object that cannot be written leaves the others of its batch alone.
    @Test func failsOneObjectAlone() async throws {
        try await withStore { (store, folder) async throws in
            try "in the way".write(toFile: "\(folder)/mail/in", atomically: true, encoding: .utf8)
            let results = await store.put([
                object("a", "one"), object("x", "two", bucket: "gone"), object("in/b", "three"),
                object("c", "four"),
            ])
            #expect(results.map(isDone) == [true, false, false, true])
            #expect(files("\(folder)/mail") == ["a", "c", "in"])
            #expect(files("\(folder)/objects").isEmpty)
        }
    }

    @Test(arguments: [
        "", "/a", "../a", "a/../b", "a//b", ".a", "a/", "a\u{0}b",
        String(repeating: "a/", count: 512) + "b",
    ])
    func refusesKeysThatLeaveTheirBucket(_ key: String) async throws {
        try await withStore { (store, folder) async throws in
            #expect(await store.put([object(key, "x")]).map(isDone) == [false])
            #expect(files("\(folder)/mail").isEmpty)
        }
    }

    @Test func linksAFileAndCopiesBehindAPrefix() async throws {
        try await withStore { (store, folder) async throws in
            let text = String(repeating: "line\r\n", count: 20_000)
            let path = "\(folder)/body"
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            let file = MailContent.file(path: path, length: text.utf8.count)
            let results = await store.put([
                ObjectToPut(bucket: "mail", key: "same", prefix: nil, content: file),
                ObjectToPut(
                    bucket: "mail", key: "longer", prefix: ByteBuffer(string: "X: y\r\n"),
                    content: file),
            ])
            #expect(results.allSatisfy(isDone))
            let body = try FileManager.default.attributesOfItem(atPath: path)
            let same = try FileManager.default.attributesOfItem(atPath: "\(folder)/mail/same")
            #expect(
                body[.systemFileNumber] as? Int == same[.systemFileNumber] as? Int)
            #expect(try ProjectFiles.text("\(folder)/mail/longer") == "X: y\r\n" + text)
            // Putting a link again, as after a crash, leaves nothing behind.
            #expect(
                isDone(
                    await store.put([
                        ObjectToPut(bucket: "mail", key: "same", prefix: nil, content: file)
                    ])[0]))
            #expect(files("\(folder)/objects").isEmpty)
        }
    }

    @Test func makesAFolderAgainThatWasRemoved() async throws {
        try await withStore { (store, folder) async throws in
            #expect(isDone(await store.put([object("in/a", "x")])[0]))
            try FileManager.default.removeItem(atPath: "\(folder)/mail/in")
            let results = await store.put([object("in/b", "x")])
            let again = await store.put([object("in/b", "x")])
            #expect(!isDone(results[0]) && isDone(again[0]))
        }
    }

    /// A bucket whose folder cannot be had fails alone, and is used as soon as it can.
    @Test func holdsUpNobodyForOneBucket() async throws {
        let folder = try ProjectFiles.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try "a file".write(toFile: "\(folder)/other", atomically: true, encoding: .utf8)
        var unusable: [String] = []
        let store = try DirectoryObjectStore(
            buckets: ["mail": "\(folder)/mail", "other": "\(folder)/other"],
            temporaryFolder: "\(folder)/objects",
            onUnusable: { bucket, _ in unusable.append(bucket) },
            onSyncFailure: { _ in })
        #expect(unusable == ["other"])
        let both = [object("a", "one"), object("a", "two", bucket: "other")]
        #expect(await store.put(both).map(isDone) == [true, false])
        try FileManager.default.removeItem(atPath: "\(folder)/other")
        #expect(await store.put(both).map(isDone) == [true, true])
        #expect(try ProjectFiles.text("\(folder)/other/a") == "two")
    }

    @Test func collectsWhatACutPutLeft() async throws {
        let folder = try ProjectFiles.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(
            atPath: "\(folder)/objects", withIntermediateDirectories: true)
        try "half".write(toFile: "\(folder)/objects/7", atomically: true, encoding: .utf8)
        _ = try DirectoryObjectStore(
            buckets: [:], temporaryFolder: "\(folder)/objects", onSyncFailure: { _ in })
        #expect(files("\(folder)/objects").isEmpty)
    }
}

@Suite struct DirectoryBodyFilesTests {
    private let random = CountingRandom()

    private func withFiles(_ body: (DirectoryBodyFiles, String) throws -> Void) throws {
        let folder = try ProjectFiles.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(
            try DirectoryBodyFiles(folder: "\(folder)/bodies", aside: "\(folder)/damaged"), folder)
    }

    private func id() -> MailID { MailID(at: Timestamp(milliseconds: 1), random: random) }

    private func write(_ text: String, _ id: MailID, _ files: DirectoryBodyFiles) throws {
        let file = try files.create(id)
        try file.write(ByteBuffer(string: text))
        try file.finish()
    }

    @Test func givesBackWhatWasWritten() throws {
        try withFiles { (files, _) throws in
            let id = id()
            try write("0123456789", id, files)
            #expect(try files.all() == [id])
            #expect(try files.read(id, length: 4) == ByteBuffer(string: "0123"))
            #expect(try files.read(id, length: 40) == ByteBuffer(string: "0123456789"))
            files.remove([id, id])
            let missing = #expect(throws: StorageFailure.self) { try files.read(id, length: 1) }
            #expect("\(try #require(missing))".contains(files.path(of: id)))
        }
    }

    /// A file has its name only once it is finished; what is not goes at the next start.
    @Test func namesAFileOnceItIsFinished() throws {
        try withFiles { (files, folder) throws in
            let (whole, half) = (id(), id())
            try write("whole", whole, files)
            let file = try files.create(half)
            try file.write(ByteBuffer(string: "half"))
            #expect(try files.all() == [whole])
            #expect(throws: StorageFailure.self) { try files.create(half) }
            let next = try DirectoryBodyFiles(
                folder: "\(folder)/bodies", aside: "\(folder)/damaged")
            #expect(try next.all() == [whole])
            let names = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/bodies")
            #expect(names == [whole.text])
        }
    }

    /// What cannot be read is not what is shorter than it was: a folder fails as a bad disk does.
    @Test func tellsAFailedReadFromTheEnd() throws {
        try withFiles { (files, folder) throws in
            let id = id()
            try FileManager.default.createDirectory(
                atPath: files.path(of: id), withIntermediateDirectories: false)
            #expect {
                try files.read(id, length: 9)
            } throws: { error in
                if case .refused = error as? StorageFailure { true } else { false }
            }
        }
    }

    /// What lies in the folder under a mail's name and is a link is no file of ours.
    @Test func followsNoSymbolicLink() throws {
        try withFiles { (files, folder) throws in
            let id = id()
            try "secret".write(toFile: "\(folder)/secret", atomically: true, encoding: .utf8)
            try FileManager.default.createSymbolicLink(
                atPath: files.path(of: id), withDestinationPath: "\(folder)/secret")
            #expect(throws: StorageFailure.self) { try files.read(id, length: 9) }
        }
    }

    /// Names in a folder that nobody finds any more are no promise.
    @Test func seesThatItsFolderWasReplaced() throws {
        try withFiles { (files, folder) throws in
            try files.syncDirectory()
            try FileManager.default.moveItem(
                atPath: "\(folder)/bodies", toPath: "\(folder)/old")
            #expect(throws: StorageFailure.self) { try files.syncDirectory() }
            try FileManager.default.createDirectory(
                atPath: "\(folder)/bodies", withIntermediateDirectories: false)
            #expect(throws: StorageFailure.self) { try files.syncDirectory() }
        }
    }

    @Test func leavesNothingOfAnAbandonedFile() throws {
        try withFiles { (files, _) throws in
            let file = try files.create(id())
            try file.write(ByteBuffer(string: "half"))
            file.abandon()
            #expect(try files.all().isEmpty)
        }
    }

    @Test func setsAside() throws {
        try withFiles { (files, folder) throws in
            let id = id()
            try write("damaged", id, files)
            try files.setAside([id])
            #expect(try files.all().isEmpty)
            #expect(try ProjectFiles.text("\(folder)/damaged/\(id)") == "damaged")
            #expect(try files.read(id, length: 3) == ByteBuffer(string: "dam"))
        }
    }

    @Test func takesBack() throws {
        try withFiles { (files, folder) throws in
            let id = id()
            try write("damaged", id, files)
            try files.setAside([id])
            for _ in 0..<2 {
                try files.takeBack(id)
                #expect(try ProjectFiles.text(files.path(of: id)) == "damaged")
            }
            #expect(try files.all() == [id])
            files.remove([id])
            #expect {
                try files.takeBack(id)
            } throws: { error in
                if case .notFound = error as? StorageFailure { true } else { false }
            }
        }
    }

    /// A new file stands where the old one did; an object that linked the old one keeps it.
    @Test func rewrites() throws {
        try withFiles { (files, folder) throws in
            let id = id()
            try write("body", id, files)
            let link = "\(folder)/link"
            try FileManager.default.linkItem(atPath: files.path(of: id), toPath: link)
            try files.rewrite(id, ByteBuffer(string: "body"))
            let old = try FileManager.default.attributesOfItem(atPath: link)
            let new = try FileManager.default.attributesOfItem(atPath: files.path(of: id))
            #expect(old[.systemFileNumber] as? Int != new[.systemFileNumber] as? Int)
            #expect(try files.read(id, length: 9) == ByteBuffer(string: "body"))
            try "half".write(
                toFile: files.path(of: id) + ".new", atomically: true, encoding: .utf8)
            _ = try DirectoryBodyFiles(folder: "\(folder)/bodies", aside: "\(folder)/damaged")
            #expect(try files.all() == [id])
            #expect(FileManager.default.fileExists(atPath: files.path(of: id) + ".new") == false)
        }
    }
}

@Suite struct JSONLinesFilesTests {
    private func message(_ id: String) -> SNSMessage {
        let message = TopicMessage(
            id: id, topic: "t", subject: nil, message: "a\nb",
            createdAt: Timestamp(milliseconds: 0))
        return SNSMessage(
            TopicDelivery(
                message: message, subscriber: "s", state: .waiting, attempts: 0,
                nextAttemptAt: Timestamp(milliseconds: 0), lastError: nil),
            topicARN: "arn:aws:sns:local:000000000000:t")
    }

    /// Each message is one line, and a half line that a crash left is ended first.
    @Test func appendsLines() async throws {
        let folder = try ProjectFiles.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = "\(folder)/new/lines.jsonl"
        let files = JSONLinesFiles(threads: .singleton, onSyncFailure: { _ in })
        _ = await files.post([message("1")], to: .file(path: path))
        let handle = try #require(FileHandle(forWritingAtPath: path))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data("{\"half".utf8))
        try handle.close()
        _ = await files.post([message("2"), message("3")], to: .file(path: path))
        let lines = try ProjectFiles.text(path).split(separator: "\n")
        #expect(lines.count == 4)
        let ids = lines.map { line in
            let object = try? JSONSerialization.jsonObject(with: Data(line.utf8))
            return (object as? [String: Any])?["MessageId"] as? String
        }
        #expect(ids == ["1", nil, "2", "3"])
    }

    /// A disk that did not keep what it was given is told of; a file that cannot be written is not,
    /// nor is one that never keeps anything.
    @Test(arguments: ["proc", "folder", "pipe"])
    func tellsOfAFailedSync(_ kind: String) async throws {
        let folder = try ProjectFiles.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let pipe = "\(folder)/pipe"
        try #require(mkfifo(pipe, 0o600) == 0)
        // A file as others, of a file system that knows no sync.
        let path = ["proc": "/proc/self/comm", "folder": folder, "pipe": pipe][kind] ?? ""
        let isSyncFailure = kind == "proc"
        let failures = Mutex<[StorageFailure]>([])
        let files = JSONLinesFiles(
            threads: .singleton,
            onSyncFailure: { failure in failures.withLock { $0.append(failure) } })
        let results = await files.post([message("1")], to: .file(path: path))
        guard case .failure(let failure)? = results.first else {
            Issue.record("nothing failed")
            return
        }
        #expect(failure.kind == .unreachable)
        #expect(failures.withLock { $0.map(\.isSyncFailure) } == (isSyncFailure ? [true] : []))
    }
}

@Suite struct ChecksumTests {
    /// RFC 3720 §B.4's examples, and the usual check value.
    @Test func knowsKnownValues() {
        func value(_ bytes: [UInt8], pieces: Int = 1) -> UInt32 {
            var checksum = Checksum()
            for start in stride(from: 0, to: bytes.count, by: max(1, bytes.count / pieces)) {
                let end = min(bytes.count, start + max(1, bytes.count / pieces))
                checksum.update(ByteBuffer(bytes: bytes[start..<end]))
            }
            return checksum.value
        }
        #expect(value(Array("123456789".utf8)) == 0xE306_9283)
        #expect(value([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
        #expect(value([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
        #expect(value(Array(0..<32)) == 0x46DD_794E)
        #expect(value(Array(0..<32), pieces: 5) == 0x46DD_794E)
    }
}

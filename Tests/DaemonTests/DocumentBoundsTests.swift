import Daemon
import Documents
import Foundation
import Glibc
import TestSupport
import Testing

/// H12: what is read as a document is bounded before and while it is read, each bound at its edge.
@Suite struct DocumentBoundsTests {
    private func problems(_ text: String) -> [String] {
        let reader = DocumentReader(file: "a.yaml", text: text)
        if reader.problems.isEmpty { _ = reader.root(keys: []) }
        return reader.problems.map(\.message)
    }

    @Test func aText() {
        let key = "a: "
        let padding = String(repeating: "x", count: DocumentReader.bytesMax - key.utf8.count)
        #expect(problems(key + padding) == [])
        #expect(
            problems(key + padding + "x").first?.hasPrefix("has 4194305 bytes, at most") == true)
    }

    @Test func aliases() {
        func text(_ count: Int) -> String {
            "a: &a x\nb: [\(Array(repeating: "*a", count: count).joined(separator: ", "))]\n"
        }
        #expect(problems(text(16)) == [])
        #expect(problems(text(17)) == ["more than 16 aliases (*name)"])
        // A quoted star, or one in a sum, is none.
        let stars = String(repeating: "\"*a\", 2*3, ", count: 101)
        #expect(problems("a: [\(stars)1]\n") == [])
    }

    @Test func nesting() {
        func text(_ depth: Int) -> String {
            "a: " + String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(problems(text(31)) == [])
        #expect(problems(text(32)) == ["nested too deep: at most 32 levels"])
        #expect(problems(text(400)) == ["nested too deep: at most 32 levels"])
        #expect(problems(text(100_000)) == ["not YAML: nested too deep"])
        let blocks = String(repeating: "- ", count: 100_000)
        #expect(problems("a:\n  \(blocks)x\n") == ["not YAML: nested too deep"])
    }

    /// Each names the one before it, nested as deep as the parser lets pass.
    @Test(arguments: [(1, 14, true), (2, 14, true), (3, 14, false), (16, 480, false)])
    func nestingByAliases(_ count: Int, levels: Int, isTaken: Bool) {
        var text = "a0: &a0 x\n"
        for number in 1...count {
            text += "a\(number): &a\(number) "
            text += String(repeating: "[", count: levels) + "*a\(number - 1)"
            text += String(repeating: "]", count: levels) + "\n"
        }
        #expect(problems(text) == (isTaken ? [] : ["nested too deep: at most 32 levels"]))
    }

    @Test func values() {
        let thousands = Array(repeating: "x", count: 10_000).joined(separator: ", ")
        /// Ten thousand, ten times that, and that `count` times.
        func text(_ count: Int) -> String {
            func aliases(_ name: String, _ count: Int) -> String {
                "[\(Array(repeating: "*\(name)", count: count).joined(separator: ", "))]\n"
            }
            return "a: &a [\(thousands)]\nb: &b \(aliases("a", 10))c: \(aliases("b", count))"
        }
        #expect(problems(text(6)) == [])
        let more = Array(repeating: "x", count: 300_000).joined(separator: ", ")
        #expect(
            problems(text(6) + "d: [\(more)]")
                == ["more than 1000000 values, once its aliases are followed"])
    }

    @Test func files() throws {
        let folder = try ProjectFiles.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        #expect(mkfifo("\(folder)/pipe", 0o600) == 0)
        try Data(count: DocumentReader.bytesMax).write(
            to: URL(fileURLWithPath: "\(folder)/largest"))
        try Data(count: DocumentReader.bytesMax + 1).write(
            to: URL(fileURLWithPath: "\(folder)/large"))
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder)/link", withDestinationPath: "\(folder)/largest")
        for (path, reason) in [
            ("\(folder)/pipe", "is no regular file"), (folder, "is a folder"),
            ("/dev/zero", "is no regular file"),
            ("\(folder)/large", "has 4194305 bytes, at most 4194304 are read"),
            ("\(folder)/none", "cannot be read: No such file or directory; look again"),
        ] {
            #expect {
                _ = try DocumentFile.text(path, hint: "; look again")
            } throws: { error in
                "\(error)" == "\(path): \(reason)"
            }
        }
        for name in ["largest", "link"] {
            #expect(try DocumentFile.text("\(folder)/\(name)").utf8.count == 4_194_304)
        }
    }
}

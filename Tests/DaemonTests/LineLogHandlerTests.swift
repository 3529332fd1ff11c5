import Daemon
import Foundation
import Glibc
import Logging
import TestSupport
import Testing

/// The handler writes to standard error, which is the whole process's: it is put aside while one
/// line is written, and what others wrote meanwhile is given back.
@Suite(.serialized) struct LineLogHandlerTests {
    private static let label = "martlet-log-test"

    private func lines(
        isJSON: Bool, level: Logger.Level = .info, _ write: (Logger) -> Void
    ) throws -> String {
        let folder = try ProjectFiles.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let logger = Logger(label: Self.label) {
            LineLogHandler(label: $0, level: level, isJSON: isJSON)
        }
        let aside = dup(2)
        let file = open("\(folder)/log", O_RDWR | O_CREAT | O_APPEND, 0o600)
        try #require(aside >= 0 && file >= 0)
        dup2(file, 2)
        write(logger)
        dup2(aside, 2)
        close(aside)
        close(file)
        let text = String(
            decoding: try Data(contentsOf: URL(fileURLWithPath: "\(folder)/log")), as: UTF8.self)
        let pieces = text.split(separator: "\n", omittingEmptySubsequences: false)
        let ended = pieces.dropLast().map { $0 + "\n" } + pieces.suffix(1)
        FileHandle.standardError.write(
            Data(ended.filter { !$0.contains(Self.label) }.joined().utf8))
        return ended.filter { $0.contains(Self.label) }.joined()
    }

    @Test func writesTextThatPeopleRead() throws {
        let text = try lines(isJSON: false) {
            $0.info(
                "accepted", metadata: ["mail": "abc", "from": "<a@b>", "empty": "", "a": "x y"])
        }
        let parts = text.split(separator: " ", maxSplits: 1)
        let time = try #require(parts.first)
        #expect(
            time.wholeMatch(of: #/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/#) != nil)
        #expect(
            parts.last
                == "info martlet-log-test: accepted a=\"x y\" empty=\"\" from=<a@b> mail=abc\n"
        )
    }

    /// What a peer may send, and how it stands in a line.
    static let values = [
        ("a\nb", #""a\nb""#), ("a\r\nb", #""a\r\nb""#), ("a\tb", #""a\u{9}b""#),
        ("\u{1B}[31mred", #""\u{1b}[31mred""#), ("a\u{0}b", #""a\u{0}b""#),
        ("a\u{7F}b", #""a\u{7f}b""#), ("a\"b", #""a\"b""#), (#"a\b"#, #""a\\b""#),
        (#"x" level=error"#, #""x\" level=error""#), ("a=b", #""a=b""#), ("grün", #""grün""#),
        ("\u{9B}31m", #""\u{9b}31m""#), ("a\u{85}b", #""a\u{85}b""#),
        ("a\u{2028}b", #""a\u{2028}b""#), ("a\u{2029}b", #""a\u{2029}b""#),
        ("a\u{202E}b", #""a\u{202e}b""#),
    ]

    @Test(arguments: values)
    func noValueEndsALineOrForgesAKey(_ value: String, written: String) throws {
        let text = try lines(isJSON: false) { $0.info("refused", metadata: ["about": "\(value)"]) }
        #expect(text.hasSuffix("info martlet-log-test: refused about=\(written)\n"))
        #expect(text.split(separator: "\n").count == 1)
    }

    @Test(arguments: values)
    func noMessageEndsALine(_ value: String, written: String) throws {
        let text = try lines(isJSON: false) { $0.info("\(value)") }
        #expect(text.hasSuffix("martlet-log-test: \(written.dropFirst().dropLast())\n"))
        #expect(text.split(separator: "\n").count == 1)
    }

    @Test(arguments: values)
    func writesJSONThatReadsBack(_ value: String, written: String) throws {
        let text = try lines(isJSON: true) { logger in
            var logger = logger
            logger[metadataKey: "session"] = "7"
            logger.warning("refused \(value)", metadata: ["about": "\(value)"])
        }
        #expect(text.split(separator: "\n").count == 1)
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: String])
        #expect(object["about"] == value)
        #expect(object["message"] == "refused \(value)")
        #expect(object["level"] == "warning")
        #expect(object["label"] == Self.label)
        #expect(object["session"] == "7")
        #expect(object["time"]?.count == 24)
    }

    /// A metadata key that is called like one of the line's own does not take its place.
    @Test func theLinesOwnKeysStand() throws {
        let text = try lines(isJSON: true) {
            $0.info("real", metadata: ["message": "forged", "time": "forged", "level": "forged"])
        }
        #expect(!text.contains("forged"))
    }

    @Test func writesNothingBelowItsLevel() throws {
        let text = try lines(isJSON: false, level: .warning) {
            $0.info("below")
            $0.warning("at")
            $0.error("above")
        }
        #expect(text.split(separator: "\n").count == 2)
        #expect(!text.contains("below"))
    }
}

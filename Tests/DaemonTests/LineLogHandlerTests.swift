import Daemon
import Foundation
import Glibc
import Logging
import TestSupport
import Testing

@Suite struct LineLogHandlerTests {
    private static let label = "martlet-log-test"

    private func lines(
        isJSON: Bool, level: Logger.Level = .info, _ write: (Logger) -> Void
    ) throws -> String {
        let folder = try ProjectFiles.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let file = open("\(folder)/log", O_WRONLY | O_CREAT, 0o600)
        try #require(file >= 0)
        defer { close(file) }
        let writer = LogWriter(descriptor: file, notice: { "\($0) dropped\n" }, onDrop: {})
        write(
            Logger(label: Self.label) {
                LineLogHandler(label: $0, level: level, isJSON: isJSON, writer: writer)
            })
        #expect(writer.flush(milliseconds: 60_000))
        return String(
            decoding: try Data(contentsOf: URL(fileURLWithPath: "\(folder)/log")), as: UTF8.self)
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
    func noMessageEndsALineOrForgesAKey(_ value: String, written: String) throws {
        let text = try lines(isJSON: false) { $0.info("\(value)") }
        let isQuoted = value.contains { "=\"\\".contains($0) }
        let message = isQuoted ? written : String(written.dropFirst().dropLast())
        #expect(text.hasSuffix("martlet-log-test: \(message)\n"))
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

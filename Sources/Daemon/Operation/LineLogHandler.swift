import Documents
import Foundation
import Glibc
package import Logging
import MailModel

/// Log lines on standard error: `time level label: message key=value …`, or one JSON object each.
/// A value from the wire cannot end a line or forge a key: it is quoted and escaped.
package struct LineLogHandler: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    private let label: String
    private let isJSON: Bool

    package init(label: String, level: Logger.Level, isJSON: Bool) {
        self.label = label
        self.isJSON = isJSON
        logLevel = level
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let time = SystemTime().now().iso8601Text
        var all = metadata
        if let own = event.metadata { all.merge(own) { _, new in new } }
        var line = isJSON ? json(time, event, all) : text(time, event, all)
        line += "\n"
        // One call a line, so that lines of several threads do not mix.
        line.withUTF8 { bytes in _ = write(2, bytes.baseAddress, bytes.count) }
    }

    private func text(_ time: String, _ event: LogEvent, _ metadata: Logger.Metadata) -> String {
        var line = "\(time) \(event.level) \(label): \(Self.escaped("\(event.message)"))"
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            line += " \(key)=\(Self.quoted("\(value)"))"
        }
        return line
    }

    private func json(_ time: String, _ event: LogEvent, _ metadata: Logger.Metadata) -> String {
        var object = metadata.mapValues { "\($0)" }
        object["time"] = time
        object["level"] = "\(event.level)"
        object["label"] = label
        object["message"] = "\(event.message)"
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(object)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    private static func quoted(_ value: String) -> String {
        let isPlain =
            !value.isEmpty
            && value.utf8.allSatisfy { byte in
                byte > 32 && byte < 127 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "=")
                    && byte != UInt8(ascii: "\\")
            }
        return isPlain ? value : "\"\(escaped(value))\""
    }

    private static func escaped(_ value: String) -> String {
        guard value.utf8.contains(where: { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") })
        else { return value.withControlsEscaped }
        return value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
            .withControlsEscaped
    }
}

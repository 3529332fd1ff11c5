import Documents
import Foundation
package import Logging
import MailModel

/// Log lines: `time level label: message key=value …`, or one JSON object each. Nothing from the
/// wire, in a value or in the message, ends a line or forges a key: it is quoted and escaped.
package struct LineLogHandler: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    private let label: String
    private let isJSON: Bool
    private let writer: LogWriter

    package init(label: String, level: Logger.Level, isJSON: Bool, writer: LogWriter) {
        self.label = label
        self.isJSON = isJSON
        self.writer = writer
        logLevel = level
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let own = event.metadata ?? [:]
        // Mostly there is nothing to merge, and each action of each mail is a line.
        let all = metadata.isEmpty ? own : metadata.merging(own) { _, new in new }
        let line = Self.line(event.level, label, "\(event.message)", all, isJSON: isJSON)
        writer.write(line, isCritical: event.level == .critical)
    }

    /// With its line end.
    package static func line(
        _ level: Logger.Level, _ label: String, _ message: String, _ metadata: Logger.Metadata,
        isJSON: Bool
    ) -> String {
        let time = SystemTime().now().iso8601Text
        guard isJSON else {
            var line = "\(time) \(level) \(label): \(written(message))"
            line.reserveCapacity(512)
            for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
                line += " "
                line += key
                line += "="
                line += quoted(value.description)
            }
            line += "\n"
            return line
        }
        var object = metadata.mapValues { "\($0)" }
        object["time"] = time
        object["level"] = "\(level)"
        object["label"] = label
        object["message"] = message
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let text = (try? encoder.encode(object)).map { String(decoding: $0, as: UTF8.self) }
        return (text ?? "{}") + "\n"
    }

    /// A message may quote others, and what has a `=` would be read as a key.
    private static func written(_ message: String) -> String {
        let isPlain = !message.utf8.contains { byte in
            byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "=") || byte == UInt8(ascii: "\\")
        }
        return isPlain ? escaped(message) : "\"\(escaped(message))\""
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

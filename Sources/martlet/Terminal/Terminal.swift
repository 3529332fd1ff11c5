import Documents
import Foundation
import Glibc

/// What people and scripts read: text on standard output, problems on standard error, colours on
/// a terminal alone.
enum Terminal {
    static func write(_ text: String) {
        put(Array(text.utf8), 1)
    }

    /// Whatever of an argument, a file or a mail is quoted in it: lines are ours, and other
    /// controlling characters are escaped.
    static func complain(_ text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { String($0).withControlsEscaped }
        put(Array((lines.joined(separator: "\n") + "\n").utf8), 2)
    }

    /// Over what was said so last: how far something is. An empty text wipes it away.
    static func complainInPlace(_ text: String) {
        put(Array("\r\u{1B}[K\(text)".utf8), 2)
    }

    static func writeBytes(_ bytes: [UInt8]) {
        put(bytes, 1)
    }

    private static func put(_ bytes: [UInt8], _ descriptor: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            // A full disk, for instance; SIGPIPE ends us where the reader has seen enough.
            guard count > 0 else { _exit(1) }
            rest = rest.dropFirst(count)
        }
    }

    static func bold(_ text: String) -> String { coloured(text, "1") }
    static func red(_ text: String) -> String { coloured(text, "31") }
    static func green(_ text: String) -> String { coloured(text, "32") }
    static func yellow(_ text: String) -> String { coloured(text, "33") }
    static func dim(_ text: String) -> String { coloured(text, "2") }

    private static func coloured(_ text: String, _ code: String) -> String {
        let environment = ProcessInfo.processInfo.environment
        let isPlain =
            isatty(1) == 0 || environment["NO_COLOR"] != nil || environment["TERM"] == "dumb"
        return isPlain ? text : "\u{1B}[\(code)m\(text)\u{1B}[0m"
    }

    /// Text from a peer or a mail can neither move the cursor nor turn the direction of the line.
    static func printable(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { $0.isControlling ? "?" : $0 }))
    }

    /// `value` as JSON on lines of its own.
    static func json(_ value: some Encodable) throws {
        try json(value, [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
    }

    /// `value` as JSON on one line.
    static func jsonLine(_ value: some Encodable) throws {
        try json(value, [.sortedKeys, .withoutEscapingSlashes])
    }

    private static func json(
        _ value: some Encodable, _ form: JSONEncoder.OutputFormatting
    ) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = form
        let text = String(decoding: try encoder.encode(value), as: UTF8.self)
        write(escaped(text) + "\n")
    }

    /// JSON lets more stand in its strings than a terminal should be given; outside of them there is
    /// nothing of it. RFC 8259 §7
    private static func escaped(_ json: String) -> String {
        guard json.unicodeScalars.contains(where: { $0.value > 0x7E && $0.isControlling }) else {
            return json
        }
        var text = ""
        for scalar in json.unicodeScalars {
            guard scalar.value > 0x7E, scalar.isControlling else {
                text.unicodeScalars.append(scalar)
                continue
            }
            for unit in Character(scalar).utf16 {
                let digits = String(unit, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
        }
        return text
    }

    /// A name and its value, values aligned.
    static func row(_ name: String, _ value: String) {
        let space = String(repeating: " ", count: max(1, 12 - name.count))
        write("\(bold(name))\(space)\(printable(value))\n")
    }

    /// Rows under a heading, columns aligned; nothing stands behind a line's last word.
    static func table(_ heading: [String], _ rows: [[String]]) {
        let rows = rows.map { $0.map(printable) }
        let widths = heading.indices.map { column in
            ([heading] + rows).map { $0[column].count }.max() ?? 0
        }
        func line(_ cells: [String]) -> String {
            var line = cells.enumerated().map { column, cell in
                column == cells.count - 1
                    ? cell : cell + String(repeating: " ", count: widths[column] - cell.count)
            }.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            return line
        }
        write(bold(line(heading)) + "\n")
        for row in rows { write(line(row) + "\n") }
    }
}

import Foundation

/// Why bytes are no JSON, where, and what was found there.
package struct JSONFault: Sendable, Equatable, CustomStringConvertible {
    /// Characters of what was found.
    private static let foundMax = 20

    /// From 1; nil where the fault is at the end, or its place is not known.
    package let line: Int?
    /// Without the line. What was found is somebody else's: controlling characters are escaped.
    package let text: String

    /// Nil where they are JSON.
    package init?(_ bytes: [UInt8]) {
        do {
            _ = try JSONSerialization.jsonObject(
                with: Data(bytes), options: [.fragmentsAllowed])
            return nil
        } catch {
            let said = (error as NSError).userInfo["NSDebugDescription"] as? String ?? ""
            guard let place = Self.place(in: said), place < bytes.count else {
                line = nil
                text = said.contains("end of file") ? "it ends too early" : "it cannot be read"
                return
            }
            let before = bytes[..<place]
            let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
            let column = String(decoding: bytes[lineStart..<place], as: UTF8.self).count + 1
            line = before.count { $0 == UInt8(ascii: "\n") } + 1
            text =
                said.contains("nested")
                ? "column \(column): nested too deep"
                : "column \(column): found “\(Self.found(bytes[place...]))”"
        }
    }

    /// `line 2, column 11: found “None}]”`
    package var description: String { line.map { "line \($0), \(text)" } ?? text }

    /// Foundation says it in its text alone: `Invalid value around character 24.`, in bytes from 0.
    private static func place(in text: String) -> Int? {
        guard let word = text.range(of: "character ") else { return nil }
        return Int(text[word.upperBound...].prefix { $0.isASCII && $0.isNumber })
    }

    /// The rest of the line; a line's end that should not be there, itself.
    private static func found(_ bytes: ArraySlice<UInt8>) -> String {
        let rest = bytes.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        let text = String(decoding: rest.isEmpty ? bytes.prefix(1) : rest, as: UTF8.self)
        return String(text.prefix(foundMax)).withControlsEscaped
    }
}

/// A reply of a server, as it was read. RFC 5321 §4.2
///
/// Its text is the peer's: printable ASCII, everything else replaced, and bounded.
package struct RemoteReply: Sendable, Hashable {
    /// 200 to 599.
    package let code: Int
    /// Of the first line that has one; RFC 2034.
    package let enhanced: EnhancedStatusCode?
    /// Each without code, separator and line end, its enhanced code still in it.
    package let lines: [String]

    package init(code: Int, enhanced: EnhancedStatusCode?, lines: [String]) {
        self.code = code
        self.enhanced = enhanced
        self.lines = lines
    }

    /// The reply in one line, as events and reports tell it: `550 5.1.1 No such user`.
    package var text: String { "\(code) " + lines.joined(separator: " ") }
    package var isPositive: Bool { code < 400 }
    package var isTransient: Bool { (400..<500).contains(code) }
}

/// One reply to a command. RFC 5321 §4.2, with RFC 2034's enhanced code.
///
/// Holds what the peer may see and nothing else: no rule, policy, path or query. Why a peer was
/// refused goes to the log.
package struct SMTPReply: Hashable, Sendable {
    /// 220 to 554.
    package let code: Int
    /// Absent in greetings, EHLO's answer and 354, as RFC 2034 §3 asks.
    package let enhanced: EnhancedStatusCode?
    /// One or more lines of printable ASCII without CR or LF.
    package let lines: [String]

    package init(_ code: Int, _ enhanced: EnhancedStatusCode?, _ lines: [String]) {
        self.code = code
        self.enhanced = enhanced
        self.lines = lines
    }

    package init(_ code: Int, _ enhanced: EnhancedStatusCode?, _ line: String) {
        self.init(code, enhanced, [line])
    }

    /// The same for who was not told of enhanced codes.
    package var withoutEnhancedCode: SMTPReply { SMTPReply(code, nil, lines) }

    /// The reply as sent: each line with code, `-` or space, the enhanced code and CRLF.
    package var wireText: String {
        var text = ""
        for (index, line) in lines.enumerated() {
            text += "\(code)" + (index == lines.count - 1 ? " " : "-")
            if let enhanced { text += "\(enhanced) " }
            text += line + "\r\n"
        }
        return text
    }
}

/// `class.subject.detail` of RFC 3463. The class of a reply's code and this one's agree, but for a
/// server's that says 5 by the one and 4 by the other.
package struct EnhancedStatusCode: Hashable, Sendable, CustomStringConvertible {
    package let `class`: Int
    package let subject: Int
    package let detail: Int

    package init(_ class: Int, _ subject: Int, _ detail: Int) {
        self.class = `class`
        self.subject = subject
        self.detail = detail
    }

    package var description: String { "\(`class`).\(subject).\(detail)" }
}

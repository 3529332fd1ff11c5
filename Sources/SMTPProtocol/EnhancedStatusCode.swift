/// `class.subject.detail` of RFC 3463; the class of a reply's code and this one's agree.
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

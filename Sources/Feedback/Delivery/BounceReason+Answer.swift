package import MailModel

extension BounceReason {
    /// Why a next hop did not take a mail, by its answer: `text` is the answer's without its code,
    /// in one line. An answer that says nothing known is `undetermined`.
    package init(code: Int?, text: String, status: EnhancedStatus?) {
        let answer = FoldedText(text.prefix(bytes: RecipientReport.diagnosticBytesMax))
        self = ReasonReader.reason(
            ReasonReader.Saying(answer: answer, context: answer, status: status, code: code))
    }
}

package import MailModel

extension BounceReason {
    /// Why a next hop does not take a mail, by its answer: `said` with its code, or what we have to
    /// say where nobody answered.
    package init(said: String, status: EnhancedStatus?, code: Int?) {
        let text = FoldedText(said)
        self = ReasonReader.reason(
            ReasonReader.Saying(answer: text, context: text, status: status, code: code))
    }
}

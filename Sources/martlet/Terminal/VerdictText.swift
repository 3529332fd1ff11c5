import ControlPlane

/// What a mail was found to be, and who was asked, for people.
enum VerdictText {
    static func write(_ verdicts: [VerdictView], _ inquiries: [InquiryView]) {
        if !verdicts.isEmpty {
            Terminal.write("\n")
            Terminal.table(
                ["CHECK", "VERDICT", "RESULT", "WHY"],
                verdicts.map { verdict in
                    [
                        verdict.check, verdict.status,
                        verdict.result.isEmpty ? "-" : verdict.result,
                        verdict.policy.map { "policy \($0); \(verdict.reason)" } ?? verdict.reason,
                    ]
                })
        }
        guard !inquiries.isEmpty else { return }
        Terminal.write("\n")
        Terminal.table(
            ["ASKED", "ABOUT", "SCORE", "TOOK", "ANSWER"],
            inquiries.map { inquiry in
                [
                    inquiry.asked, inquiry.about ?? "the mail",
                    inquiry.score.map { "\($0)" } ?? "-",
                    inquiry.milliseconds.map { "\($0) ms" } ?? "-", inquiry.answer,
                ]
            })
    }
}

import MailAuthentication
import MailModel
import Storage

/// Judges mails before their 250, so that they may be refused for what they are: only where the
/// operator's policy asks for it, since whoever sends then waits for the DNS. It waits for nobody
/// else: lists and scanners are asked after the 250, as for every mail.
package struct SessionJudge: Sendable {
    private let mailJudge: any MailJudge
    private let executor: (any TaskExecutor)?

    /// `executor`: whose threads may block, since a mail may be in a file.
    package init(_ judge: any MailJudge, executor: (any TaskExecutor)? = nil) {
        mailJudge = judge
        self.executor = executor
    }

    /// Calls `completion` once, from any thread; with nil where the mail is to be judged later.
    func judge(
        _ mail: MailRecord, _ content: MailContent,
        completion: @escaping @Sendable (VerdictRecord?) -> Void
    ) {
        Task(executorPreference: executor) {
            completion(await mailJudge.origin(of: mail, content))
        }
    }

    /// A mail that fails DMARC is refused where its domain asks for that, and so is one whose From
    /// names no single author, since it would get by where the domain's own name would not. One of
    /// which it cannot be told now is to come again. RFC 9989: a receiver may do so.
    func refusal(_ verdicts: VerdictRecord?) -> Refusal? {
        guard let verdicts else { return nil }
        let isRejected = verdicts.dmarcPolicy == DMARCPolicy.reject.rawValue
        return switch verdicts.dmarc.status {
        case .fail where verdicts.dmarc.result == DMARCResult.permerror.rawValue: .authorUnclear
        case .fail where isRejected: .dmarcFailed
        case .processingFailed where isRejected: .dmarcUndecided
        case .pass, .fail, .gray, .processingFailed, .disabled: nil
        }
    }
}

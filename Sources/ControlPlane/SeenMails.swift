import MailFlow
import MailModel
import Storage

/// Which mails a dry run has met: a replay runs each once, though several objects may have it.
struct SeenMails {
    /// Of the first so many, some 20 MB; two objects of a later one are counted as two.
    private static let countMax = 1_000_000

    /// Digests of ids that are random: two of a million mails are taken for one once in millions of
    /// runs.
    private var seen: Set<Int> = []

    /// Says whether the candidate's mail was not among those that were asked about before.
    mutating func isNew(_ candidate: ReplayCandidates.Candidate) -> Bool {
        guard candidate.object != nil, let record = candidate.record else { return true }
        let original = (record.replay?.original ?? record.id).hashValue
        guard seen.count < Self.countMax else { return !seen.contains(original) }
        return seen.insert(original).inserted
    }
}

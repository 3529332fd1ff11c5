import MailFlow
import Storage

/// Where nothing is run again.
struct NoReplays: ReplayLog, SpoolRoom {
    func replayed(_ mail: MailRecord) {}
    func notReplayed(_ candidate: ReplayCandidates.Candidate, replay: Int) {}
    func waits(_ replay: ReplayRecord, because reason: String) {}
    func ended(_ replay: ReplayRecord) {}

    func hasRoom(forBytes bytes: Int) -> Bool { true }
    func take(bytes: Int) -> Bool { true }
}

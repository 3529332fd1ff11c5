import ControlPlane
import Logging
import Storage
import Synchronization

/// Reads the rules anew when somebody hangs up or a file has changed, and says in the log what
/// came of it.
final class RuleReloads: Sendable {
    private let rules: RuleSets
    private let folder: RuleFolder
    private let log: Logger
    private let seen: Mutex<[String: FileStamp]>

    /// `stamp` is the folder as it was before the rules were read.
    init(
        rules: RuleSets, folder: RuleFolder, stamp: [String: FileStamp], log: Logger
    ) {
        self.rules = rules
        self.folder = folder
        self.log = log
        seen = Mutex(stamp)
    }

    func reloadIfChanged() async throws(StorageFailure) {
        let stamp = folder.stamp()
        let isChanged = seen.withLock { seen in
            defer { seen = stamp }
            return seen != stamp
        }
        if isChanged { try await reload() }
    }

    func reload() async throws(StorageFailure) {
        let reload = try await rules.reload()
        for problem in reload.problems { log.error("\(problem)") }
        for warning in reload.warnings { log.warning("\(warning)") }
        if reload.problems.isEmpty {
            log.notice("rules reloaded")
        } else if reload.isActiveSetInForce {
            log.notice("rules have problems, but not the active set: it was reloaded")
        } else {
            log.notice("rules have problems; what was in force stays in force")
        }
    }
}

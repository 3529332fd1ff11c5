import Accounts
import Actions
import ControlPlane
import Documents
import Handlers
import InboundSMTP
import Logging
import MailFlow
import ObjectStorage
package import RuleEngine
import Storage

/// Whom we take mail for, and what is done with it.
struct RuleParts {
    let identities: IdentityDirectory
    let rules: ActiveRules
    let ruleSets: RuleSets
    let folder: RuleFolder
    /// The folder as it was before it was read.
    let stamp: [String: FileStamp]

    /// Throws `DocumentProblems` where any rule file has one.
    init(
        _ configuration: Configuration, _ surroundings: Surroundings, _ spool: SpoolParts
    ) async throws {
        identities = IdentityDirectory(store: spool.store)
        try await identities.reload()
        rules = ActiveRules(store: spool.store)
        folder = RuleFolder(path: configuration.rulesDirectory)
        stamp = folder.stamp()
        ruleSets = RuleSets(
            files: folder, catalogue: configuration.catalogue,
            configuredActive: configuration.activeRuleSet, rules: rules, store: spool.store,
            time: surroundings.time,
            onActivation: Self.puttingSetupObjects(configuration, surroundings, spool))
        let reload = try await ruleSets.reload(because: .start)
        guard reload.problems.isEmpty else { throw DocumentProblems(reload.problems) }
        for warning in reload.warnings { surroundings.log.warning("\(warning)") }
    }

    func sayWhatIsServed(_ configuration: Configuration, _ surroundings: Surroundings) {
        surroundings.log.notice(
            "serves",
            metadata: [
                "hostname": "\(configuration.hostname)",
                "rules": "\(rules.current.ruleSet.name)", "version": "\(rules.current.version)",
                "identities": "\(identities.records.count)",
            ])
        if identities.records.isEmpty {
            surroundings.log.warning(
                "no mail is taken: there is no identity; martlet identity add DOMAIN makes one")
        }
    }

    private static func puttingSetupObjects(
        _ configuration: Configuration, _ surroundings: Surroundings, _ spool: SpoolParts
    ) -> @Sendable (ReceiptRuleSet) async -> Void {
        let buckets = Set(configuration.buckets.filter(\.value.hasSetupObject).keys)
        let (objects, log) = (spool.objects, surroundings.log)
        return { ruleSet in
            let results = await objects.put(SetupObjects.objects(of: ruleSet, in: buckets))
            for case .failure(let failure) in results {
                log.error("a setup object could not be written: \(failure)")
            }
        }
    }
}

extension Configuration {
    /// What rules may refer to.
    package var catalogue: RuleCatalogue {
        var catalogue = RuleCatalogue(
            buckets: buckets.keys.sorted(),
            handlers: (handlers.map(\.name) + handlerEndpoints.keys).sorted(),
            topics: topics.keys.sorted())
        catalogue.isSending = sending.isEnabled
        catalogue.maildirs = maildirs.keys.sorted()
        catalogue.webhooks = webhooks.keys.sorted()
        catalogue.mailBytesMax = session.limits.mailBytesMax
        catalogue.relays = (Array(sending.namedRelays.keys) + sending.relays.keys).sorted()
        return catalogue
    }
}

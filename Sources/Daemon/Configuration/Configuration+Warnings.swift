import Handlers

extension Configuration {
    /// What works, and is not what a careful operator wants.
    package var warnings: [String] {
        var warnings: [String] = []
        for handler in handlers where handler.user == nil {
            warnings.append(
                "handler “\(handler.name)” runs as the server's own user: it can read the spool, "
                    + "and processesMax does not hold; give it a user (handlers.*.user)")
        }
        if activeRuleSet == nil {
            warnings.append(
                "rules.active names no set: no mail is taken until one is activated")
        }
        if !spool.isFullySynced {
            warnings.append("spool.synchronous is normal: mails are lost at a power cut")
        }
        return warnings
    }
}

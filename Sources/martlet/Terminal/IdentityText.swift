import ControlPlane

/// An identity for people. What is to be published stands as in a zone file, and everything else
/// in a comment of one, so that the whole can be put there.
enum IdentityText {
    static func lines(_ identity: IdentityView) -> [String] {
        var lines = ["; \(identity.name) (\(identity.kind)) \(status(identity))"]
        lines += identity.recordsToPublish
        guard let finding = identity.finding, let checked = identity.lastCheckedAt else {
            return lines
        }
        lines.append("; looked at \(checked): \(Terminal.printable(finding))")
        lines += identity.found.map { "; found: \(Terminal.printable($0))" }
        if let next = identity.nextCheckAt { lines.append("; looks again at \(next)") }
        return lines
    }

    private static func status(_ identity: IdentityView) -> String {
        guard !identity.isTrusted else { return "is verified by your word" }
        let end = identity.statusEndsAt.map { ", until \($0)" } ?? ""
        return "is \(identity.status) since \(identity.statusSince)\(end)"
    }
}

import ControlPlane

/// How the queue of sent mails stands, for people.
enum SendingText {
    /// On one line.
    static func figures(_ status: SendingStatusView) -> String {
        let next = status.nextAttemptAt.map { ", the next at \($0)" } ?? ""
        return "\(status.queued) queued\(next), \(status.beingTried) being tried, "
            + "\(status.held) held, \(status.restingDestinations) destination(s) resting"
    }

    /// A destination that rests, and why.
    static func line(_ destination: DestinationView) -> String {
        let until = destination.restsUntil.map { " until \($0)" } ?? ""
        let times = destination.failures == 1 ? "once" : "\(destination.failures) times"
        return Terminal.printable(
            "\(destination.name)\(until), failed \(times): \(destination.detail ?? "-")")
    }
}

import ControlPlane
import ControlSocket
import MailFlow
import SQLStorage
import ServiceLifecycle
import Storage
import Topics

/// What people and their tools ask of a running server.
struct OperationParts {
    let control: ControlServer
    let health: HealthServer?
    let maintenance: Maintenance

    init(
        _ configuration: Configuration, _ surroundings: Surroundings, _ spool: SpoolParts,
        _ rules: RuleParts, _ actions: ActionParts, _ receiving: ReceivingParts
    ) {
        let wake = actions.wake
        control = ControlServer(
            path: configuration.controlSocket,
            control: ControlPlane(
                hostname: configuration.hostname, identities: rules.identities,
                ruleSets: rules.ruleSets, rules: rules.rules, mails: spool.store,
                outbox: spool.store, bodies: spool.bodies, time: surroundings.time,
                queue: actions.queue, onRelease: { wake.call() }),
            log: surroundings.log)
        maintenance = Maintenance(
            configuration: configuration, store: spool.store, bodies: spool.bodies,
            disk: spool.disk, rules: rules.ruleSets, ruleFolder: rules.folder,
            ruleStamp: rules.stamp, wake: wake, time: surroundings.time,
            pause: surroundings.pause, log: surroundings.log)
        let gauges = Gauges(
            store: spool.store, receiving: receiving, disk: spool.disk,
            metrics: surroundings.metrics, log: surroundings.log)
        let (flow, disk) = (receiving.flow, spool.disk)
        health = configuration.health.map { listener in
            HealthServer(
                address: listener.address, port: listener.port,
                notReady: { Self.notReady(flow, disk) }, metrics: { await gauges.text() },
                log: surroundings.log)
        }
    }

    private static func notReady(_ flow: InboundFlow, _ disk: DiskGuard) -> String? {
        guard flow.isOpen else { return "no mail is taken: the server is ending" }
        guard disk.hasRoom(forBytes: 0) else {
            return "no mail is taken: the disk has \(disk.freeBytes) bytes free"
        }
        return nil
    }
}

import ControlPlane
import ControlSocket
import DNSClient
import Glibc
import Handlers
import InboundSMTP
import Logging
import MailFlow
import NIOCore
import ObjectStorage
import SQLStorage
import ServiceLifecycle
import Storage
import Topics
import UnixSignals

/// The whole server, wired from its configuration. The only place that knows every part.
package struct Server {
    /// Why the server did not start, or did not end well; says what to do.
    package struct Failure: Error, Sendable, CustomStringConvertible {
        package let description: String

        init(description: String) {
            self.description = description
        }

        init(listeningOn address: String, port: Int, error: any Error) {
            let code = (error as? IOError)?.errnoCode
            let reason = code.map { String(cString: strerror($0)) } ?? "\(error)"
            let hint =
                switch code {
                case EADDRINUSE: "; who has it: ss -ltnp 'sport = \(port)'"
                case EACCES where port < 1_024:
                    "; it wants root (and the setting user), CAP_NET_BIND_SERVICE, or sockets from systemd"
                default: ""
                }
            description = "cannot listen on \(address), port \(port): \(reason)\(hint)"
        }
    }

    private let configuration: Configuration
    private let start: ServerStart
    private let forgetsSecrets: Bool
    private let surroundings: Surroundings

    /// `forgetsSecrets`: access keys and DKIM keys that cannot be opened are removed.
    package init(configuration: Configuration, start: ServerStart, forgetsSecrets: Bool) {
        self.configuration = configuration
        self.start = start
        self.forgetsSecrets = forgetsSecrets
        surroundings = Surroundings(configuration)
    }

    /// Serves until SIGTERM or SIGINT, also one that came since `start`. Throws `DocumentProblems` of the rule files, `Failure` or
    /// `StorageFailure`.
    package func run() async throws {
        defer { surroundings.logWriter.end() }
        await SystemPause.open()
        warnAboutFolder()
        warnAboutProcesses()
        warnAboutAddresses()
        for warning in configuration.openSecrets { surroundings.log.warning("\(warning)") }
        let spool = try await SpoolParts(configuration, surroundings, wasCut: start.lock.wasCut)
        do {
            try await serve(spool)
        } catch {
            spool.store.close()
            start.helper?.end()
            throw error
        }
        spool.store.close()
        start.helper?.end()
        if let failure = surroundings.ending.failure {
            throw Failure(
                description: "\(failure). What is written now may not last: look at the disk and "
                    + "the data folder, then start again; what was acknowledged is checked then.")
        }
        start.lock.markEnd()
        if let failure = surroundings.ending.unwritten {
            throw Failure(
                description:
                    "what was done last could not be written: \(failure). Nothing is lost: "
                    + "it is done again after the next start, and what was delivered then arrives "
                    + "twice. Make room, then start again.")
        }
        surroundings.log.notice("ended")
    }

    private func warnAboutFolder() {
        let data = configuration.dataDirectory
        if let system = configuration.fileSystem {
            surroundings.log.log(level: system.isDoubtful ? .warning : .notice, "\(system.text)")
        }
        guard configuration.handlers.contains(where: { $0.user != nil }),
            !Directories.isOpenToOthers(data)
        else { return }
        surroundings.log.warning(
            "handlers with a user of their own cannot reach their files: chmod o+x \(data)")
    }

    private func warnAboutAddresses() {
        for missing in configuration.missingAddresses {
            surroundings.log.warning("\(missing)")
        }
    }

    private func warnAboutProcesses() {
        guard let helper = start.helper, !helper.seesProcesses else { return }
        surroundings.log.warning(
            """
            /proc hides the processes of others (hidepid): what handlers leave behind is looked for \
            by number, which takes longer; mount it without hidepid
            """)
    }

    private func serve(_ spool: SpoolParts) async throws {
        let rules = try await RuleParts(configuration, surroundings, spool)
        let names = try NameParts(configuration, surroundings)
        do {
            try await serve(spool, rules, names)
        } catch {
            await names.resolver.close()
            throw error
        }
        await names.resolver.close()
    }

    private func serve(
        _ spool: SpoolParts, _ rules: RuleParts, _ names: NameParts
    ) async throws {
        let judging = JudgingParts(configuration, surroundings, spool, names)
        var secrets: SecretParts?
        if configuration.sending.isEnabled || configuration.s3 != nil {
            secrets = try await SecretParts(
                configuration, surroundings, spool, forgets: forgetsSecrets)
        }
        let actions = try await ActionParts(
            configuration, surroundings, spool, rules, judging, secrets?.credentials,
            helper: start.helper)
        actions.handlers.start()
        // The services have ended by then, and with them nearly all that workers are asked.
        defer { actions.handlers.end() }
        var sending: SendingParts?
        if configuration.sending.isEnabled, let secrets {
            sending = try await SendingParts(
                configuration, surroundings, spool, rules, names, judging, actions, secrets)
        } else {
            try await sayWhatIsNotSent(spool)
        }
        do {
            try await serve(spool, rules, names, judging, actions, secrets, sending)
        } catch {
            try? await sending?.shutdown()
            throw error
        }
        try await sending?.shutdown()
    }

    /// Mails of a time when the server sent.
    private func sayWhatIsNotSent(_ spool: SpoolParts) async throws {
        let counts = try await spool.store.sendingCounts()
        guard counts.queued + counts.held > 0 else { return }
        surroundings.log.warning(
            """
            mails wait and are not sent, since sending.enabled is false; nor is anything taken that \
            comes back of earlier ones
            """,
            metadata: ["recipients": "\(counts.queued + counts.held)"])
    }

    private func serve(
        _ spool: SpoolParts, _ rules: RuleParts, _ names: NameParts, _ judging: JudgingParts,
        _ actions: ActionParts, _ secrets: SecretParts?, _ sending: SendingParts?
    ) async throws {
        let receiving = try ReceivingParts(
            configuration, surroundings, spool, rules, names, judging, actions, sending)
        let operation = OperationParts(
            configuration, surroundings, spool, rules, names, actions, receiving, secrets, sending)
        do {
            try await operation.control.bind()
            try await operation.submit?.bind()
            try await receiving.bind(start.sockets, surroundings)
            rules.sayWhatIsServed(configuration, surroundings)
            start.manager.tell("READY=1", "STATUS=Takes mail")
            try await run(actions, sending, receiving, operation, watchdog(receiving, spool))
        } catch {
            await operation.control.abandon()
            await operation.submit?.abandon()
            try? await receiving.shutdown()
            throw error
        }
        try await receiving.shutdown()
    }

    /// One service's failure ends all, as gracefully as a signal does.
    private func run(
        _ actions: ActionParts, _ sending: SendingParts?, _ receiving: ReceivingParts,
        _ operation: OperationParts, _ watchdog: Watchdog?
    ) async throws {
        // Ended in reverse: first no new mail, then its actions, then what they said.
        var services: [any Service] = [
            actions.deliverer(sending?.outbound),
            WorkThreads.actions.running(actions.runner(sending?.feedback, sending?.outbound)),
            WorkThreads.control.running(operation.control),
            WorkThreads.upkeep.running(
                HangUp(
                    reloads: operation.reloads, certificates: receiving.certificates,
                    log: surroundings.log, manager: start.manager)),
        ]
        if let sending { services.append(sending.queue) }
        services += operation.recurring.map { WorkThreads.upkeep.running($0) }
        if let health = operation.health { services.append(health) }
        if let helper = start.helper { services.append(HelperWatch(helper: helper)) }
        if let web = operation.web { services.append(web) }
        if let s3 = operation.s3 { services.append(WorkThreads.objects.running(s3)) }
        if let submit = operation.submit { services.append(WorkThreads.control.running(submit)) }
        services += receiving.listeners as [any Service]
        if let watchdog { services.append(watchdog) }
        services.append(
            Closing(
                flow: receiving.flow, submission: receiving.submission, manager: start.manager))
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services.map { service in
                    ServiceGroupConfiguration.ServiceConfiguration(
                        service: service, successTerminationBehavior: .gracefullyShutdownGroup,
                        failureTerminationBehavior: .gracefullyShutdownGroup)
                }, gracefulShutdownSignals: [.sigterm, .sigint], logger: surroundings.log))
        let (flow, submission) = (receiving.flow, receiving.submission)
        let (ending, log) = (surroundings.ending, surroundings.log)
        ending.whenSyncFails {
            log.critical(
                "the spool failed: no mail is taken, and the server ends",
                metadata: ["error": "\(ending.failure.map { "\($0)" } ?? "")"])
            flow.close()
            submission?.close()
            Task { await group.triggerGracefulShutdown() }
        }
        try await group.run()
    }
}

extension Server {
    private func watchdog(_ receiving: ReceivingParts, _ spool: SpoolParts) -> Watchdog? {
        start.manager.watchdogMicroseconds.map { microseconds in
            Watchdog(
                manager: start.manager, microseconds: microseconds, loops: receiving.group,
                store: spool.store, pause: surroundings.pause)
        }
    }
}

/// The first step of the end: no mail begins any more.
private struct Closing: Service {
    let flow: InboundFlow
    let submission: SubmissionFlow?
    let manager: ServiceManager

    func run() async throws {
        try? await gracefulShutdown()
        flow.close()
        submission?.close()
        manager.tell("STOPPING=1", "STATUS=Takes no new mail; what is at work ends")
    }
}

/// Without the helper no handler runs; a supervisor starts both anew.
private struct HelperWatch: Service {
    let helper: HandlerHelper

    func run() async throws {
        await cancelWhenGracefulShutdown { await helper.waitForEnd() }
        guard !Task.isShuttingDownGracefully else { return }
        throw Server.Failure(
            description: "the helper that starts handlers has ended, and the server ends with it")
    }
}

/// SIGHUP: reads the rules and the certificates anew.
private struct HangUp: Service {
    let reloads: RuleReloads
    let certificates: Certificates?
    let log: Logger
    let manager: ServiceManager

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            manager.tellReloading()
            certificates?.reload(all: true)
            do throws(StorageFailure) {
                try await reloads.reload()
            } catch {
                log.error("the rules could not be reloaded: \(error)")
            }
            manager.tell("READY=1")
        }
    }
}

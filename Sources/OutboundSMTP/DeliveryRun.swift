import DeliveryQueue
import MailModel
import SMTPProtocol

/// One try of one mail: from host to host until there is an end, and what is known by then.
struct DeliveryRun {
    let mail: OutgoingMail
    private let door: Door
    private var addressesLeft: Int
    private var sessionsLeft: Int
    private var end: DeliveryAttempt?
    /// Of the hosts that were asked: one that may take the mail later, and one that never will.
    private var temporary: DeliveryVerdict?
    private var final: DeliveryVerdict?
    /// As far as it has come.
    private var record = DeliveryAttempt(.deferred(Self.notTried))

    init(_ mail: OutgoingMail, _ limits: DeliverySettings.Limits, door: Door) {
        self.mail = mail
        self.door = door
        addressesLeft = limits.addressesMax
        sessionsLeft = limits.sessionsMax
    }

    private static let notTried = DeliveryProblem(
        .destination, status: EnhancedStatusCode(4, 4, 1), detail: "no host was tried")

    /// Whether another host may be asked.
    var goesOn: Bool { end == nil && addressesLeft > 0 && sessionsLeft > 0 }

    /// What became of the try. It has failed for good where all hosts say so.
    var attempt: DeliveryAttempt {
        if let end { return end }
        var attempt = record
        if let temporary {
            attempt.outcome = .deferred(temporary.problem)
        } else if let final {
            attempt.outcome = .failed(final.problem)
        }
        return attempt
    }

    /// What a server has said tells more than that another was not there.
    mutating func note(_ verdict: DeliveryVerdict) {
        if verdict.isFinal {
            final = final ?? verdict
        } else if temporary?.problem.reply == nil {
            temporary = verdict
        }
        guard verdict.scope == .mail, end == nil else { return }
        var attempt = record
        attempt.outcome = verdict.isFinal ? .failed(verdict.problem) : .deferred(verdict.problem)
        end = attempt
    }

    // MARK: Hosts

    /// Asks one host at its addresses.
    mutating func deliver(
        to place: Place, _ addresses: [IPAddress], _ decision: HostPolicy.Decision,
        _ log: ExchangerLog?
    ) async {
        let policies: [TLSPolicy]
        switch decision {
        case .use(let allowed): policies = allowed
        case .refuse(let failure):
            if case .tls(let failure) = failure.reason { log?.note(nil, nil, failure) }
            return note(DeliveryVerdict(failure, host: place.host))
        }
        for address in addresses where goesOn {
            if Task.isCancelled {
                return note(DeliveryVerdict(.init(.connecting, .cancelled), host: place.host))
            }
            addressesLeft -= 1
            switch door.choice(for: address) {
            case .any: await deliver(to: place, address, nil, policies, log)
            case .bound(let local): await deliver(to: place, address, local, policies, log)
            case .none:
                note(
                    .temporary(
                        .host, .mail, EnhancedStatusCode(4, 3, 5),
                        "no sending address of the pool can reach \(address)"))
            }
        }
    }

    private mutating func deliver(
        to place: Place, _ address: IPAddress, _ local: IPAddress?, _ policies: [TLSPolicy],
        _ log: ExchangerLog?
    ) async {
        var key = SMTPConnection.Key(
            host: place.host, address: address, port: place.port, local: local, tls: .none,
            transport: place.transport, login: place.login)
        for policy in policies {
            key.tls = policy
            guard let connection = door.connector.waiting(for: key) else { continue }
            let report = await connection.deliver(mail)
            guard !report.isOfAStaleConnection else { break }
            return conclude(report, connection)
        }
        for (index, policy) in policies.enumerated() {
            key.tls = policy
            let connection: SMTPConnection
            do throws(SessionFailure) {
                connection = try await door.connector.open(key)
            } catch {
                if let failure = error.tls { log?.note(address, local, failure) }
                if error.tls != nil, index + 1 < policies.count { continue }
                return conclude(error, key)
            }
            note(connection, policy, log)
            return conclude(await connection.deliver(mail), connection)
        }
    }

    /// Where the fall-back goes in the clear, its want of TLS was told already.
    private func note(_ connection: SMTPConnection, _ policy: TLSPolicy, _ log: ExchangerLog?) {
        guard policy != .fallback else { return }
        let failure =
            connection.tls == nil
            ? TLSFailure(.startTLSNotSupported, "it does not offer STARTTLS") : nil
        log?.note(connection.key.address, connection.localAddress, failure)
    }

    // MARK: What came of it

    private mutating func conclude(_ report: MailReport, _ connection: SMTPConnection) {
        let key = connection.key
        sessionsLeft -= 1
        record.remote = RemoteHost(name: key.host, address: key.address)
        record.localAddress = connection.localAddress
        record.tls = connection.tls
        switch report.result {
        case .success(let reply):
            var attempt = record
            attempt.outcome = .delivered(reply)
            attempt.isNotificationHandedOn = report.hasDSN
            end = attempt
        case .failure(let failure): note(DeliveryVerdict(failure, host: Self.name(key)))
        }
    }

    private mutating func conclude(_ failure: SessionFailure, _ key: SMTPConnection.Key) {
        if failure.step != .connecting {
            sessionsLeft -= 1
            record.remote = RemoteHost(name: key.host, address: key.address)
            record.localAddress = key.local
            record.tls = nil
        }
        note(DeliveryVerdict(failure, host: Self.name(key)))
    }

    private static func name(_ key: SMTPConnection.Key) -> String {
        key.host.hasPrefix("[") || key.host == "\(key.address)"
            ? "\(key.host)" : "\(key.host) [\(key.address)]"
    }
}

extension MailReport {
    /// A connection that was kept had ended, or was ending, when the mail came: that says nothing
    /// about the host, and a new one is made at once, as another try would later.
    fileprivate var isOfAStaleConnection: Bool {
        guard case .failure(let failure) = result else { return false }
        switch (failure.step, failure.reason) {
        case (.idle, _), (.reset, _): return true
        case (.mail, .lost): return true
        case (.mail, .refused(let reply)): return reply.code == 421
        default: return false
        }
    }
}

extension SessionFailure {
    /// Why there is no TLS, where that is what it failed by.
    fileprivate var tls: TLSFailure? {
        switch reason {
        case .tls(let failure): failure
        case .lacks(.startTLS):
            TLSFailure(.startTLSNotSupported, "it does not offer STARTTLS")
        case .refused(let reply) where step == .startTLS:
            TLSFailure(.startTLSNotSupported, reply.text)
        case .lost(let reason) where step == .handshake: TLSFailure(.validationFailure, reason)
        case .timedOut where step == .handshake:
            TLSFailure(.validationFailure, "the handshake did not come to its end")
        default: nil
        }
    }
}

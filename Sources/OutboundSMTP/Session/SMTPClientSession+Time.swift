/// How long a session waits for what. Times are milliseconds of the shell's clock.
extension SMTPClientSession {
    /// When `timePassed` has something to say; nil while nothing is waited for.
    package var deadline: Int64? {
        graceUntil ?? secondsMax.map { phaseStartedAt + $0 * 1000 }
    }

    /// Ends the session if its server is too late.
    package mutating func timePassed(at now: Int64) {
        self.now = now
        if let graceUntil {
            if graceUntil <= now { end(.cancelled) }
            return
        }
        guard let secondsMax, phaseStartedAt + secondsMax * 1000 <= now else { return }
        end(.timedOut(seconds: secondsMax))
    }

    private var secondsMax: Int64? {
        let limits = settings.limits
        return switch phase {
        case .greeting: limits.greetingSeconds
        case .hello, .helo, .startTLS, .login: limits.commandSeconds
        case .handshake: limits.handshakeSeconds
        case .mail(let transaction): secondsMax(transaction)
        case .quitting: limits.quitSeconds
        case .open, .closed: nil
        }
    }

    private func secondsMax(_ transaction: Transaction) -> Int64 {
        let limits = settings.limits
        if case .sending = transaction.content { return limits.pieceSeconds }
        return switch transaction.awaited.first {
        case .reset, nil: limits.commandSeconds
        case .mail: limits.mailSeconds
        case .recipient: limits.recipientSeconds
        case .data: limits.dataSeconds
        case .chunk, .end: limits.endSeconds
        }
    }
}

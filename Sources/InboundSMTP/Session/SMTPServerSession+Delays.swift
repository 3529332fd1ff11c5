import SMTPProtocol

/// What a session holds back for a while: its greeting, and the answers to a client's errors.
///
/// While something is held nothing is read and nothing is done, so that a peer that has sent more
/// in the meantime gains nothing by it. The shell only looks at `deadline`.
extension SMTPServerSession {
    /// Outputs that wait, and until when.
    struct Hold {
        /// Milliseconds of the shell's clock.
        let until: Int64
        /// Whether a byte from the peer ends the session.
        let isBrokenByInput: Bool
        var outputs: [Output] = []
    }

    // MARK: What is held

    /// RFC 5321 §3.1: the client waits for the greeting. Programs that only send do not.
    mutating func holdGreeting() {
        guard settings.greetingDelaySeconds > 0 else { return }
        hold = Hold(
            until: now + settings.greetingDelaySeconds * 1000,
            isBrokenByInput: settings.earlyTalkers == .refuse)
    }

    /// The peer has spoken before its greeting: it is sent away without one.
    mutating func refuseEarlyTalker() {
        guard let hold, hold.isBrokenByInput else { return }
        self.hold = nil
        end(SMTPReplies.earlyTalker)
    }

    /// The answer to an error waits a second, to the next one two, then four, up to the limit.
    mutating func holdErrorReply() {
        let limits = settings.limits
        let doublings = errors - limits.errorsUndelayedMax - 1
        guard doublings >= 0, limits.errorDelaySecondsMax > 0, !isShuttingDown else { return }
        let seconds = min(Int64(1) << Int64(min(doublings, 32)), limits.errorDelaySecondsMax)
        hold = Hold(until: now + seconds * 1000, isBrokenByInput: false)
    }

    // MARK: Holding and letting go

    /// Says `output`, or lets it wait behind what waits.
    mutating func emit(_ output: Output) {
        if hold == nil { outputs.append(output) } else { hold?.outputs.append(output) }
    }

    /// Says now what waits.
    mutating func release() {
        guard let hold else { return }
        self.hold = nil
        outputs += hold.outputs
    }

    /// The time of what waits is over: says it, and goes on with what came meanwhile.
    mutating func holdEnded() {
        release()
        // The peer's time begins with the answer.
        phaseStartedAt = now
        lastInputAt = now
        process()
    }
}

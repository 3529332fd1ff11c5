import SMTPProtocol

/// How long a session may take for what. Times are milliseconds of the shell's clock.
extension SMTPServerSession {
    /// When `timePassed` has something to say; nil while nothing is waited for from the peer.
    package var deadline: Int64? { hold?.until ?? waiting?.deadline }

    /// Says what was held back, or ends the session if its peer is too late.
    package mutating func timePassed(at now: Int64) {
        self.now = now
        if let hold {
            if hold.until <= now { holdEnded() }
            return
        }
        guard let waiting, waiting.deadline <= now else { return }
        end(waiting.reply)
    }

    private var waiting: (deadline: Int64, reply: SMTPReply)? {
        // While the disk makes the peer wait, its time stands still.
        guard !isPaused else { return nil }
        let limits = settings.limits
        let soon: Int64
        switch phase {
        case .command, .authenticating: soon = phaseStartedAt + limits.commandSeconds * 1000
        case .data, .chunk: soon = lastInputAt + limits.dataPieceSeconds * 1000
        case .handshake: soon = phaseStartedAt + limits.handshakeSeconds * 1000
        case .committing, .closed: return nil
        }
        guard let transaction, let openedAt = transaction.openedAt else {
            return (soon, SMTPReplies.timeout)
        }
        let earned = Int64(transaction.bytes) * 1000 / Int64(limits.dataBytesPerSecondMin)
        let whole = openedAt + limits.dataSeconds * 1000 + earned
        return soon <= whole ? (soon, SMTPReplies.timeout) : (whole, SMTPReplies.tooSlow)
    }
}

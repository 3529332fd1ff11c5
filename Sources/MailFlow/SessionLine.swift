package import MailModel

/// One line of what is said in a session, for those who watch it.
package struct SessionLine: Sendable, Equatable {
    package enum Kind: String, Sendable, Codable {
        /// The connection stands; the first line of a session.
        case began
        /// Somebody began to watch in the middle of the session; with the greeting so far.
        case joined
        /// What the client said: a command line.
        case command
        /// What we said: one line of a reply.
        case reply
        /// The end of a mail's data: its size, never its bytes.
        case data
        /// The receipt rule for which the next reply refuses.
        case rule
        /// A handshake, done or failed.
        case tls
        /// A connection that broke, or a mail cut short.
        case failed
        /// The session's last line.
        case ended
    }

    package var session: UInt64
    package var at: Timestamp
    package var kind: Kind
    /// At most `SessionTraces.textBytesMax` bytes; may hold whatever a peer sent, control
    /// characters too.
    package var text: String
}

/// Which session a line belongs to, and what is known of it from its beginning.
package struct TracedSession: Sendable {
    package var number: UInt64
    /// Canonical text, without port.
    package var peer: String
    /// Where it came in: address and port.
    package var listener: String

    package init(number: UInt64, peer: String, listener: String) {
        self.number = number
        self.peer = peer
        self.listener = listener
    }
}

/// Which sessions somebody wants to see. All that is given has to hold; text matches where the
/// command holds it, whatever its case, so that mistaken commands are seen too.
package struct SessionTraceFilter: Sendable {
    package var peer: CIDRBlock?
    /// An address, a port, or both with a colon between them.
    package var listener: String?
    package var helo: String?
    package var sender: String?
    package var recipient: String?

    package init(
        peer: CIDRBlock? = nil, listener: String? = nil, helo: String? = nil,
        sender: String? = nil, recipient: String? = nil
    ) {
        self.peer = peer
        self.listener = listener
        self.helo = helo
        self.sender = sender
        self.recipient = recipient
    }

    /// What only the session's commands can tell.
    enum Need: Hashable, CaseIterable {
        case helo, sender, recipient
    }

    /// Whether a session may be meant, as far as its beginning says.
    func admits(_ session: TracedSession) -> Bool {
        if let peer, !(IPAddress(session.peer).map(peer.contains) ?? false) { return false }
        guard let listener else { return true }
        return session.listener == listener || session.listener.hasSuffix(":\(listener)")
            || session.listener.hasPrefix("\(listener):")
    }

    var needs: Set<Need> {
        Set(Need.allCases.filter { wanted($0) != nil })
    }

    /// Which needs `line` meets.
    func met(by line: SessionLine) -> [Need] {
        let text = line.text.lowercased()
        return Need.allCases.filter { need in
            guard let wanted = wanted(need)?.lowercased(), text.contains(wanted) else {
                return false
            }
            switch need {
            case .helo:
                let isGreeting = text.hasPrefix("ehlo") || text.hasPrefix("helo")
                return line.kind == .joined || (line.kind == .command && isGreeting)
            case .sender: return line.kind == .command && text.hasPrefix("mail")
            case .recipient: return line.kind == .command && text.hasPrefix("rcpt")
            }
        }
    }

    private func wanted(_ need: Need) -> String? {
        switch need {
        case .helo: helo
        case .sender: sender
        case .recipient: recipient
        }
    }
}

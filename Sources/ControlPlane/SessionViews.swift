import Documents
package import MailFlow
import MailModel

/// Which sessions somebody wants to watch, as text.
package struct SessionFilterView: Sendable, Codable {
    /// An address or a block of addresses.
    package var peer: String?
    package var listener: String?
    package var helo: String?
    package var sender: String?
    package var recipient: String?

    package init(
        peer: String?, listener: String?, helo: String?, sender: String?, recipient: String?
    ) {
        self.peer = peer
        self.listener = listener
        self.helo = helo
        self.sender = sender
        self.recipient = recipient
    }

    func parsed() throws(ControlFailure) -> SessionTraceFilter {
        var filter = SessionTraceFilter(
            listener: listener, helo: helo, sender: sender, recipient: recipient)
        guard let peer else { return filter }
        guard let block = CIDRBlock(peer) else {
            throw ControlFailure(
                .invalid, "“\(peer)” is no address or block of addresses (192.0.2.0/24)")
        }
        filter.peer = block
        return filter
    }
}

/// What was said in sessions since the part before.
package struct SessionLinesView: Sendable, Codable {
    package var lines: [SessionLineView]
    /// Lines before these that had no room: the sessions did not wait.
    package var lost: Int

    init(_ batch: SessionTracer.Batch) {
        lines = batch.lines.map(SessionLineView.init)
        lost = batch.lost
    }
}

package struct SessionLineView: Sendable, Codable {
    package var session: UInt64
    /// ISO 8601 in UTC.
    package var at: String
    package var kind: SessionLine.Kind
    /// Controlling characters are escaped.
    package var text: String

    init(_ line: SessionLine) {
        session = line.session
        at = line.at.iso8601Text
        kind = line.kind
        text = line.text.withControlsEscaped
    }
}

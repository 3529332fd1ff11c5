/// The port to the mail log, as far as sessions go.
package protocol SessionLog: Sendable {
    func happened(_ event: SessionEvent, peer: SessionPeer)
    /// A reset, a failed handshake: nothing that was said in SMTP.
    func peerFailed(_ peer: SessionPeer, _ reason: String)
    /// A proxy was dropped that sent no header as it must.
    func proxyFailed(_ proxy: SessionPeer, _ reason: String)
    /// No connection can be accepted now, for the system's reason; told once a minute at most.
    func cannotAccept(_ reason: String)
}

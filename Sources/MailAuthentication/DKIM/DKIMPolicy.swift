/// What a verifier accepts beyond what the RFCs leave open, with RFC 8301's floor.
package struct DKIMPolicy: Sendable {
    /// Signatures that are verified, from the top of the mail; each costs a key look-up and a
    /// public-key operation. RFC 6376 §6.1 lets verifiers limit them.
    package var signaturesMax = 10
    /// Moduli of RSA keys. RFC 8301 §3.2: none below 1024, all up to 4096.
    package var rsaKeyBits = 1024...4096
    /// RFC 8301 §3.1 forbids it; other people's old mails are verified with it in tests.
    package var acceptsSHA1 = false
    /// How far `t=` may lie ahead of our clock.
    package var clockSkewSeconds: Int64 = 300

    package init() {}
}

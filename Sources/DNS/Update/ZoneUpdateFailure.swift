/// Why a zone was not changed, or is not known to be.
package enum ZoneUpdateFailure: Error, Sendable, Hashable, CustomStringConvertible {
    case unreachable(String)
    case timedOut
    /// What came is no answer to what we asked.
    case malformed
    /// It says that all was done, and nobody stands for it.
    case unsigned
    /// The answer's signature is not our key's.
    case forged
    /// The server does not know the key.
    case badKey
    /// The server has the key with another secret.
    case badSignature
    /// The server's clock and ours differ; by how much, where it said.
    case clocks(secondsAhead: Int64?)
    /// It does not do it. RFC 2136 §2.2
    case refused(code: UInt8)

    package var description: String {
        switch self {
        case .unreachable(let reason): "the name server cannot be reached: \(reason)"
        case .timedOut: "the name server did not answer in time"
        case .malformed: "what the name server answered is no answer to an update"
        case .unsigned: "the name server's answer is not signed"
        case .forged: "the name server's answer is not signed with our key"
        case .badKey: "the name server does not know the key (BADKEY)"
        case .badSignature: "the name server has another secret for the key (BADSIG)"
        case .clocks(let seconds):
            "the name server's clock and ours differ"
                + (seconds.map { ": it is \(abs($0)) s \($0 < 0 ? "behind" : "ahead")" } ?? "")
        case .refused(let code): "the name server does not change the zone: \(Self.name(code))"
        }
    }

    /// What somebody is to do; it is tried again meanwhile.
    package var advice: String {
        switch self {
        case .unreachable, .timedOut:
            "see that it runs, and that address and port of sending.nameServer are its own"
        case .malformed: "see that a name server answers at sending.nameServer, over TCP"
        case .unsigned, .forged:
            "see that nobody between us changes answers, and that it signs them"
        case .badKey:
            "give it the key, with the right to change the zone (Knot: acl with action: update), or "
                + "set name and algorithm of sending.nameServer.key to what it has"
        case .badSignature: "put the secret that it has into sending.nameServer.key.secretFile"
        case .clocks: "set both clocks; they may differ by 5 minutes"
        case .refused(let code): Self.advice(code)
        }
    }

    private static func advice(_ code: UInt8) -> String {
        switch code {
        case 5: "allow the key to update the zone (Knot: acl with action: update)"
        case 9: "set sending.nameServer.zone to the zone that it is the primary server of"
        case 10: "set sending.nameServer.zone to the zone that sending.serviceDomain stands in"
        case 1, 4: "see whether it takes dynamic updates (RFC 2136) at all"
        default: "look at the name server's log"
        }
    }

    /// RFC 6895 §2.3
    private static func name(_ code: UInt8) -> String {
        let names = [
            "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN",
            "YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE",
        ]
        return Int(code) < names.count ? names[Int(code)] : "RCODE \(code)"
    }
}

import CUnbound
import DNS
import Glibc
import MailModel

/// libunbound's handle, set up. After `init` it is entered on one queue alone; the library calls
/// back from within `takeAnswers`.
final class UnboundContext: Sendable {
    typealias Completion = @Sendable (PendingQuestion.Outcome, Validity) -> Void

    /// For how many seconds an answer holds, and of how many bytes its data is.
    struct Validity {
        var seconds = 0
        var bytes = 0
    }

    /// What the library hands back to us with an answer.
    private final class Ticket {
        let type: DNSRecordType
        let completion: Completion

        init(_ type: DNSRecordType, _ completion: @escaping Completion) {
            self.type = type
            self.completion = completion
        }
    }

    // Why it is a number: a pointer is not Sendable.
    private let bits: UInt
    let descriptor: Int32

    private var handle: OpaquePointer? { OpaquePointer(bitPattern: bits) }

    init(_ settings: UnboundSettings) throws(UnboundResolver.SetUpFailure) {
        guard let handle = ub_ctx_create() else {
            throw UnboundResolver.SetUpFailure(description: "libunbound could not be set up")
        }
        do throws(UnboundResolver.SetUpFailure) {
            try Self.setUp(handle, settings)
        } catch {
            ub_ctx_delete(handle)
            throw error
        }
        bits = UInt(bitPattern: handle)
        descriptor = ub_fd(handle)
    }

    /// Ends the library's thread. What it still had is never called back.
    func delete() {
        ub_ctx_delete(handle)
    }

    /// Calls `completion` once: now, where the question cannot be asked, or from `takeAnswers`.
    func ask(_ name: Domain, _ type: DNSRecordType, completion: @escaping Completion) {
        let ticket = Unmanaged.passRetained(Ticket(type, completion))
        // RFC 1035 §3.2.4: class IN.
        let status = ub_resolve_async(
            handle, Self.zoneFileName(name), Int32(type.rawValue), 1, ticket.toOpaque(),
            { data, status, result in
                guard let data else { return }
                let ticket = Unmanaged<Ticket>.fromOpaque(data).takeRetainedValue()
                let outcome = UnboundContext.outcome(ticket.type, status, result?.pointee)
                ticket.completion(outcome, UnboundContext.validity(result?.pointee))
                ub_resolve_free(result)
            }, nil)
        guard status != UB_NOERROR.rawValue else { return }
        ticket.release()
        completion(.failure(.serverFailed(Self.text(status))), Validity())
    }

    func takeAnswers() {
        ub_process(handle)
    }

    /// A name is given as zone files have it, where a backslash is an escape. RFC 1035 §5.1
    private static func zoneFileName(_ name: Domain) -> String {
        String(decoding: name.ascii.utf8.flatMap { $0 == 0x5C ? [$0, $0] : [$0] }, as: UTF8.self)
    }

    // MARK: Answers

    private static func outcome(
        _ type: DNSRecordType, _ status: Int32, _ result: ub_result?
    ) -> PendingQuestion.Outcome {
        guard status == UB_NOERROR.rawValue, let result else {
            return .failure(.serverFailed(text(status)))
        }
        let isSecure = result.secure != 0
        if result.bogus != 0 { return .failure(.bogus(printable(result.why_bogus))) }
        if result.nxdomain != 0 {
            return .success(DNSAnswer(.noSuchName, isSecure: isSecure, target: target(of: result)))
        }
        guard result.rcode == 0 else { return .failure(.serverFailed(rcode(result.rcode))) }
        guard result.havedata != 0 else {
            return .success(DNSAnswer(.noRecord, isSecure: isSecure, target: target(of: result)))
        }
        return Result { () throws(DNSFailure) in
            var answer = try DNSAnswer(type, data: data(of: result), isSecure: isSecure)
            answer.target = target(of: result)
            return answer
        }
    }

    /// The library tells it where there were aliases, in a zone file's form.
    private static func target(of result: ub_result) -> Domain? {
        guard let name = result.canonname else { return nil }
        let text = String(cString: name)
        return try? Domain(parsing: text.hasSuffix(".") ? String(text.dropLast()) : text)
    }

    private static func validity(_ result: ub_result?) -> Validity {
        guard let result else { return Validity() }
        var bytes = 0
        if result.havedata != 0 {
            for index in 0..<DNSAnswer.recordsMax {
                guard result.data[index] != nil else { break }
                bytes += Int(max(0, result.len[index]))
            }
        }
        return Validity(seconds: Int(max(0, result.ttl)), bytes: bytes)
    }

    /// One more than an answer may have, so that it is refused there.
    private static func data(of result: ub_result) -> [[UInt8]] {
        var data: [[UInt8]] = []
        while data.count <= DNSAnswer.recordsMax, let bytes = result.data[data.count] {
            let count = Int(result.len[data.count])
            data.append(Array(UnsafeRawBufferPointer(start: bytes, count: max(0, count))))
        }
        return data
    }

    /// RFC 6895 §2.3
    private static func rcode(_ code: Int32) -> String {
        switch code {
        case 1: "FORMERR"
        case 2: "SERVFAIL, or no server was reached"
        case 4: "NOTIMP"
        case 5: "REFUSED"
        default: "RCODE \(code)"
        }
    }

    /// The library's reason names what was asked and who answered: bounded, and ASCII that prints.
    private static func printable(_ text: UnsafePointer<CChar>?) -> String {
        guard let text else { return "" }
        let bytes = String(cString: text).utf8.prefix(300)
        return String(
            decoding: bytes.map { (0x20...0x7E).contains($0) ? $0 : UInt8(ascii: "?") },
            as: UTF8.self)
    }

    private static func text(_ status: Int32) -> String { String(cString: ub_strerror(status)) }

    // MARK: Setting up

    private static let options: [(String, String)] = [
        // Servers may be on this machine; and what exists is for them to say, private zones too.
        ("do-not-query-localhost:", "no"), ("unblock-lan-zones:", "yes"),
        ("insecure-lan-zones:", "yes"), ("local-zone:", "test. transparent"),
        ("local-zone:", "home.arpa. transparent"),
        // As `RecentAnswers` does.
        ("cache-max-ttl:", "\(RecentAnswers.secondsMax)"),
        ("cache-max-negative-ttl:", "\(RecentAnswers.negativeSecondsMax)"),
        ("val-bogus-ttl:", "\(RecentAnswers.negativeSecondsMax)"),
        // A server that was away is asked again soon.
        ("infra-cache-max-rtt:", "4000"), ("infra-host-ttl:", "30"),
        // Sockets at once, for UDP. https://dnsflagday.net/2020: larger answers come by TCP.
        ("outgoing-range:", "64"), ("edns-buffer-size:", "1232"),
        ("msg-cache-size:", "4m"), ("rrset-cache-size:", "4m"),
    ]

    private static func setUp(
        _ handle: OpaquePointer, _ settings: UnboundSettings
    ) throws(UnboundResolver.SetUpFailure) {
        func check(_ status: Int32, _ what: String) throws(UnboundResolver.SetUpFailure) {
            guard status != UB_NOERROR.rawValue else { return }
            throw UnboundResolver.SetUpFailure(description: "\(what): \(text(status))")
        }
        // Standard error is our log's.
        try check(ub_ctx_debugout(handle, nil), "libunbound's log")
        for (name, value) in options { try check(ub_ctx_set_option(handle, name, value), name) }
        for server in settings.servers {
            let place = "\(server.address)@\(server.port)"
            try check(ub_ctx_set_fwd(handle, place), "the server \(place)")
        }
        if settings.servers.isEmpty {
            let status = ub_ctx_resolvconf(handle, nil)
            // Without the file the library asks from the root down.
            if status != UB_READFILE.rawValue { try check(status, "/etc/resolv.conf") }
        }
        try add(settings.zones, handle, check)
        if let anchor = settings.trustAnchor {
            try check(ub_ctx_add_ta_file(handle, anchor), "the trust anchor \(anchor)")
        }
        try check(ub_ctx_async(handle, 1), "libunbound's thread")
        // The first question makes it read what it was given; this one leaves for no server.
        var result: UnsafeMutablePointer<ub_result>?
        let anchor = settings.trustAnchor.map { " (trust anchor \($0))" } ?? ""
        try check(ub_resolve(handle, "localhost.", 1, 1, &result), "the DNS settings\(anchor)")
        ub_resolve_free(result)
    }

    /// What a pipe holds at least.
    private static let zonesTextBytesMax = 65_536

    /// Zones from files can be given to the library by a configuration file alone. One that is
    /// forwarded to nobody is not forwarded with all else.
    private static func add(
        _ zones: [UnboundSettings.Zone], _ handle: OpaquePointer,
        _ check: (Int32, String) throws(UnboundResolver.SetUpFailure) -> Void
    ) throws(UnboundResolver.SetUpFailure) {
        guard !zones.isEmpty else { return }
        let text = zones.map {
            """
            auth-zone:
                name: "\($0.name.ascii)"
                zonefile: "\($0.file)"
                for-downstream: no
                for-upstream: yes
                fallback-enabled: no
            forward-zone:
                name: "\($0.name.ascii)"

            """
        }.joined()
        // A pipe is enough for as much as it holds, and leaves no file behind.
        var ends: [Int32] = [-1, -1]
        guard text.utf8.count <= zonesTextBytesMax, pipe(&ends) == 0 else {
            throw UnboundResolver.SetUpFailure(description: "the zones: too many of them")
        }
        defer { close(ends[0]) }
        let bytes = Array(text.utf8)
        let written = write(ends[1], bytes, bytes.count)
        close(ends[1])
        guard written == bytes.count else {
            throw UnboundResolver.SetUpFailure(description: "the zones: no room to pass them on")
        }
        try check(ub_ctx_config(handle, "/proc/self/fd/\(ends[0])"), "the zones")
    }
}

/// Every setting: its place, what stands there by default, and what it means. The reader takes
/// its keys and defaults from here, and the commented sample is made of it, so that neither can
/// say what the other does not.
enum ConfigurationSchema {
    struct Setting: Sendable {
        /// `limits.mailBytesMax`; a `*` stands for a name that the operator chooses.
        var path: String
        /// As YAML; empty where there is none.
        var defaultText: String
        /// Shown commented out: a default that depends, or an example.
        var isExample = false
        var comment: String
        /// For whole numbers.
        var range: ClosedRange<Int>?

        /// The last part of its path.
        var key: String { path.split(separator: ".").last.map(String.init) ?? path }
    }

    static let largest = 1 << 53

    static let settings = receiving + targets + surroundings + screening + sending

    private static let receiving: [Setting] = [
        Setting(
            path: "hostname", defaultText: "mx.example.com",
            comment: "Our name: in the greeting, in Received, and what <Postmaster> belongs to."),
        Setting(
            path: "dataDirectory", defaultText: "/var/lib/martlet",
            comment: "The spool, its database, and the control socket. One server owns it.\n"
                + "Relative paths here and below start at this file's folder."),
        Setting(
            path: "user", defaultText: "martlet", isExample: true,
            comment: "Whom a server that root starts becomes, once it has its ports and its helper."
        ),
        Setting(
            path: "listeners", defaultText: "[{address: \"0.0.0.0\", port: 25}]",
            comment:
                "Where mail comes in. Port 0 lets the system choose. “tls: implicit” begins with\n"
                + "TLS; “proxyFrom: [192.0.2.7]” names who has to send the PROXY protocol's header;\n"
                + "“role: submission” is for those who log in and send (ports 587 and 465)."
        ),
        Setting(
            path: "tls.offer", defaultText: "true",
            comment:
                "STARTTLS. Without certificates a self-signed one is made on first run."),
        Setting(
            path: "tls.certificates",
            defaultText:
                "[{certificate: /etc/martlet/tls/fullchain.pem, key: /etc/martlet/tls/key.pem}]",
            isExample: true,
            comment:
                "PEM files, the server's certificate first. Of several, the one of the name that\n"
                + "the peer asks for, else the first. They are read anew when they change."),
        Setting(
            path: "limits.connectionsMax", defaultText: "1000",
            comment: "Connections at once, over all listeners; more get 421.",
            range: 1...1_000_000),
        Setting(
            path: "limits.connectionsPerAddressMax", defaultText: "100",
            comment: "At once from one IPv4 address, or one IPv6 network of 64 bits; then 421.\n"
                + "This machine, and whom an Allow filter names, are exempt from this and the next two.",
            range: 1...1_000_000),
        Setting(
            path: "limits.connectionsPerAddressPerMinuteMax", defaultText: "600",
            comment: "New ones from there within a minute; then 421.", range: 1...1_000_000),
        Setting(
            path: "limits.failedLoginsPerAddressPerMinuteMax", defaultText: "20",
            comment: "Logins from there that fail within a minute; then 454 to all of them.",
            range: 1...1_000_000),
        Setting(
            path: "limits.commitSecondsMax", defaultText: "10",
            comment: "New sessions get 421, and new mails 452, while no commit has ended for this\n"
                + "long although something waits for one, ...", range: 1...3_600),
        Setting(
            path: "limits.commitsWaitingMax", defaultText: "5000",
            comment: "... while more units of work wait for a commit, ...", range: 1...largest),
        Setting(
            path: "limits.actionsWaitingMax", defaultText: "100000",
            comment: "... or while more mails wait for actions that are due. All ends at the half.",
            range: 1...10_000_000),
        Setting(
            path: "limits.mailBytesMax", defaultText: "41943040",
            comment: "One mail; announced by SIZE. SES: 40 MB.", range: 1_024...largest),
        Setting(
            path: "limits.headerBytesMax", defaultText: "262144",
            comment: "The header section of one mail.", range: 1_024...largest),
        Setting(
            path: "limits.hopsMax", defaultText: "50",
            comment: "Received lines before a mail counts as going in circles.", range: 1...1_000),
        Setting(
            path: "limits.recipientsMax", defaultText: "100",
            comment: "Recipients of one mail; RFC 5321 asks for 100. Announced by LIMITS.",
            range: 1...100_000),
        Setting(
            path: "limits.commandBytesMax", defaultText: "2048",
            comment: "A command line with its CRLF; RFC 5321 asks for 512.", range: 512...65_536),
        Setting(
            path: "limits.dataLineBytesMax", defaultText: "1048576",
            comment: "A line of a mail with its CRLF; RFC 5321 asks for 1000.",
            range: 1_000...largest),
        Setting(
            path: "limits.mailsMax", defaultText: "10000",
            comment: "Mails in one session, taken or not; then 421. Announced by LIMITS.",
            range: 1...largest),
        Setting(
            path: "limits.idleCommandsMax", defaultText: "100",
            comment: "Commands that bring no mail nearer, since the last mail; then 421.",
            range: 1...largest),
        Setting(
            path: "limits.errorsMax", defaultText: "20",
            comment: "Errors of a client in one session; then 421.", range: 1...largest),
        Setting(
            path: "limits.errorsUndelayedMax", defaultText: "10",
            comment: "Errors of a client that are answered at once ...", range: 0...largest),
        Setting(
            path: "limits.errorDelaySecondsMax", defaultText: "8",
            comment: "... the next after 1 second, then 2, 4, ..., at most this; 0: no delay.",
            range: 0...300),
        Setting(
            path: "limits.commandSeconds", defaultText: "300",
            comment: "From a reply to the whole of the next command.", range: 1...86_400),
        Setting(
            path: "limits.dataPieceSeconds", defaultText: "180",
            comment: "From one piece of a mail to the next.", range: 1...86_400),
        Setting(
            path: "limits.dataSeconds", defaultText: "600",
            comment: "A whole mail, and a second more for each dataBytesPerSecondMin of it.",
            range: 1...86_400),
        Setting(
            path: "limits.dataBytesPerSecondMin", defaultText: "1024",
            comment: "How slowly a mail may come after that.", range: 1...largest),
        Setting(
            path: "limits.handshakeSeconds", defaultText: "30",
            comment: "A TLS handshake.", range: 1...3_600),
        Setting(
            path: "limits.drainSeconds", defaultText: "60",
            comment: "At SIGTERM, for mails that are coming in.", range: 0...3_600),
        Setting(
            path: "limits.handlersRunningMax", defaultText: "16",
            comment: "Handler programs at once.", range: 1...1_000),
        Setting(
            path: "limits.retryFirstDelaySeconds", defaultText: "10",
            comment: "A failed action or message is tried again after this, then twice this, ...",
            range: 1...86_400),
        Setting(
            path: "limits.retryDelaySecondsMax", defaultText: "900",
            comment: "... at most this ...", range: 1...86_400),
        Setting(
            path: "limits.retryGiveUpAfterSeconds", defaultText: "14400",
            comment: "... until this has passed since the first try. SES: 4 hours.",
            range: 0...31_536_000),
        Setting(
            path: "sessions.bareLineEnds", defaultText: "refuse",
            comment: "A CR or LF that stands alone: refuse, or normalise (each becomes CRLF)."),
        Setting(
            path: "sessions.greetingDelaySeconds", defaultText: "0",
            comment: "How long the greeting waits; 0: not at all.", range: 0...120),
        Setting(
            path: "sessions.earlyTalkers", defaultText: "ignore",
            comment: "Who speaks before a delayed greeting: ignore (it is greeted all the same),\n"
                + "or refuse (it gets 554 instead)."),
        Setting(
            path: "sessions.peerNames", defaultText: "true",
            comment: "Whether the DNS is asked for the names of peers, for Received and the log."),
        Setting(
            path: "spool.freeBytesMin", defaultText: "1073741824",
            comment: "Below this much room on the disk no mail is taken: 452.",
            range: 0...largest),
        Setting(
            path: "spool.bodyFileThresholdBytes", defaultText: "16384",
            comment: "Larger mails are files, smaller ones rows of the database.",
            range: 0...1_048_576),
        Setting(
            path: "spool.rawRetentionDays", defaultText: "7",
            comment: "How long after its arrival a finished mail keeps its raw bytes (one with a\n"
                + "dead action keeps them as long as its record) ...",
            range: 0...36_500),
        Setting(
            path: "spool.recordRetentionDays", defaultText: "30",
            comment: "... and its envelope, facts and outcomes.", range: 0...36_500),
        Setting(
            path: "spool.rawQuotaBytes", defaultText: "0",
            comment: "Raw bytes kept for that, the oldest going first beyond it; 0: no quota.",
            range: 0...largest),
        Setting(
            path: "spool.synchronous", defaultText: "full",
            comment: "full, or normal: that one loses mails at a power cut, and is for tests."),
        Setting(
            path: "rules.directory", defaultText: "rules",
            comment: "Rule sets, one for each .yaml file."),
        Setting(
            path: "rules.active", defaultText: "",
            comment: "The set in force, until “martlet rules activate” says otherwise."),
    ]

    /// Whom we ask, and what is told of us.
    private static let surroundings: [Setting] = [
        Setting(
            path: "filters", defaultText: "[]",
            comment: "Whom to refuse by address: {name, policy: Allow | Block, cidr}. Allow beats "
                + "Block, order has no meaning."),
        Setting(
            path: "identities.verificationPrefix", defaultText: "_amazonses",
            comment: "Where the TXT record stands that verifies a domain: this, and the domain."),
        Setting(
            path: "dns.servers", defaultText: "[]",
            comment: "Whom to ask: {address, port}. None: those of /etc/resolv.conf."),
        Setting(
            path: "dns.zones", defaultText: "[]",
            comment:
                "Zones that are answered from files, and from nowhere else: {name, file}, the\n"
                + "file in zone-file form."),
        Setting(
            path: "dns.trustAnchor", defaultText: "/usr/share/dns/root.key", isExample: true,
            comment: "DS or DNSKEY records: what signatures are proven by. Servers that drop them\n"
                + "make every answer bogus; without an anchor nothing is proven."),
        Setting(
            path: "dns.timeoutSeconds", defaultText: "10", comment: "For one question.",
            range: 1...60),
        Setting(
            path: "dns.queriesMax", defaultText: "256",
            comment:
                "Questions that wait for their answers at once; others wait for a place, until\n"
                + "their time is up.", range: 1...10_000),
        Setting(
            path: "authentication.enabled", defaultText: "true",
            comment: "Whether SPF, DKIM, ARC and DMARC say who sent a mail, before its actions."),
        Setting(
            path: "authentication.name", defaultText: "mx.example.com", isExample: true,
            comment: "The name in Authentication-Results; our host name without. Fields of others\n"
                + "under it are not shown."),
        Setting(
            path: "authentication.dmarcReject", defaultText: "mark",
            comment:
                "A mail that fails DMARC and whose domain asks to reject it: mark, or refuse it\n"
                + "in its session, which then waits for the DNS."),
        Setting(
            path: "health.address", defaultText: "127.0.0.1", isExample: true,
            comment: "Where /healthz and /metrics answer; nowhere without it."),
        Setting(
            path: "health.port", defaultText: "8025", isExample: true,
            comment: "Port 0 lets the system choose.", range: 0...65_535),
        Setting(
            path: "log.level", defaultText: "info",
            comment: "trace, debug, info, notice, warning, error or critical."),
        Setting(
            path: "log.format", defaultText: "text",
            comment: "text (key=value) or json; one line for each event, on standard error."),
    ]

    /// The keys that may stand in the mapping at `prefix` (`""` for the top).
    static func keys(at prefix: String) -> [String] {
        let depth = prefix.isEmpty ? 0 : prefix.split(separator: ".").count
        var keys: [String] = []
        for setting in settings {
            let parts = setting.path.split(separator: ".").map(String.init)
            guard parts.count > depth, parts[..<depth].joined(separator: ".") == prefix else {
                continue
            }
            if !keys.contains(parts[depth]) { keys.append(parts[depth]) }
        }
        return keys
    }

    static func setting(_ path: String) -> Setting {
        guard let found = settings.first(where: { $0.path == path }) else {
            preconditionFailure("no setting is called \(path)")
        }
        return found
    }
}

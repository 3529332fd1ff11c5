extension ConfigurationSchema {
    /// How mails are sent. A submission listener wants it enabled.
    static let sending: [Setting] = [
        Setting(
            path: "sending.enabled", defaultText: "false",
            comment: "Whether mails are sent at all: by those who log in at a submission listener."
        ),
        Setting(
            path: "sending.serviceDomain", defaultText: "mail.example.com", isExample: true,
            comment:
                "The domain of the service itself, whose records we make: return paths, DKIM keys.\n"
                + "Without it return paths are of hostname, and keys are published as TXT."),
        Setting(
            path: "sending.nameServer",
            defaultText:
                "{address: 192.0.2.53, zone: example.com, key: {name: martlet, secretFile: tsig}}",
            isExample: true,
            comment:
                "The primary name server of the service domain's zone, which takes its records from\n"
                + "us (RFC 2136). port: 53; key.algorithm: hmac-sha256, hmac-sha384 or hmac-sha512;\n"
                + "secretFile: the key in base64; zone: the service domain without it."),
        Setting(
            path: "sending.keepMessageID", defaultText: "false",
            comment: "Whether a Message-ID that the sender gave stays; SES gives each mail its own."
        ),
        Setting(
            path: "sending.eventsTopic", defaultText: "received", isExample: true,
            comment: "The topic that is told of each send, delivery, bounce, complaint and delay."),
        Setting(
            path: "sending.topicsFrom", defaultText: "topics@example.com", isExample: true,
            comment: "Whom mails to subscribers of topics are from: an address of a verified\n"
                + "identity. Without it there are no subscribers by mail."),
        Setting(
            path: "sending.submitSocket",
            defaultText: "{group: martlet-submit, domain: example.com}", isExample: true,
            comment:
                "Who else than root and the server's user may send by martlet send and sendmail:\n"
                + "a group, in which the server's user has to be. domain is given to addresses\n"
                + "without one (hostname), path is the socket's (submit.sock in dataDirectory)."),
        Setting(
            path: "delivery.port", defaultText: "25",
            comment: "Where mail exchangers listen; another one is for tests.", range: 1...65_535),
        Setting(
            path: "delivery.allowPrivateAddresses", defaultText: "false",
            comment: "Whether mail goes to exchangers on this machine or in private networks."),
        Setting(
            path: "delivery.triesMax", defaultText: "200",
            comment: "Mails that are being handed over at once.", range: 1...10_000),
        Setting(
            path: "delivery.connectionsPerDestinationMax", defaultText: "20",
            comment: "At once to one domain or relay; fewer while it asks for less.",
            range: 1...1_000),
        Setting(
            path: "delivery.triesPerDestinationPerMinuteMax", defaultText: "0",
            comment: "Mails to one domain or relay that begin in a minute; 0: no limit.",
            range: 0...60_000),
        Setting(
            path: "delivery.pace",
            defaultText: "[{domain: example.net, connectionsMax: 2, triesPerMinuteMax: 60}]",
            isExample: true,
            comment:
                "Domains, and each of their subdomains, that are given more or less than others."),
        Setting(
            path: "delivery.giveUpAfterHours", defaultText: "72",
            comment: "How long a mail is tried before it bounces. SES: 72.", range: 1...720),
        Setting(
            path: "delivery.retry",
            defaultText:
                "[{domain: example.net, delaysMinutes: [2, 5, 15, 60], giveUpAfterHours: 24}]",
            isExample: true,
            comment:
                "Domains, with their subdomains, that are tried again at other times. The last\n"
                + "delay repeats; without their own: 5, 10, 20, 40, 60, 120 and 240 minutes."),
        Setting(
            path: "delivery.addresses",
            defaultText: "[{address: 192.0.2.10, hello: out1.example.com}]",
            isExample: true,
            comment:
                "Addresses of this machine that mails leave from, one or the other; hello: the name\n"
                + "that it has in the DNS, without it hostname. None: the system chooses."),
        Setting(
            path: "delivery.pools",
            defaultText:
                "[{name: news, addresses: [{address: 192.0.2.11}], configurationSets: [news]}]",
            isExample: true,
            comment:
                "Other addresses, as above, that mails of these configuration sets leave from:\n"
                + "what some of them do to a reputation stays with it."),
        Setting(
            path: "delivery.relays",
            defaultText:
                "[{domain: corp.example.com, host: 10.0.0.5, port: 24, transport: lmtp, security: none}]",
            isExample: true,
            comment:
                "Hosts that take mail for a domain and those below it, as smartHost; or, with a\n"
                + "name in place of the domain, what rules relay to them."),
        Setting(
            path: "delivery.smartHost",
            defaultText:
                "{host: smtp.example.net, port: 587, security: verified}",
            isExample: true,
            comment: "A host that takes all mail for others, in place of their exchangers.\n"
                + "security: verified, implicit, opportunistic or none; transport: smtp or lmtp;\n"
                + "user and passwordFile."),
    ]
}

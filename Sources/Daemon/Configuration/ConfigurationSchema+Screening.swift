extension ConfigurationSchema {
    /// Whom to ask about mails. A scanner that is named has to say where it is, and what becomes of
    /// mails without it: so all that is of one is an example.
    static let screening: [Setting] =
        [
            Setting(
                path: "screening.lists", defaultText: "[]",
                comment:
                    "Block and allow lists in the DNS: {zone, kind: block | allow, score}, and where\n"
                    + "they want it: name, lookUp: [address, helo, sender, author], and instead of\n"
                    + "score answers: [{match: 127.0.0.2-127.0.0.9, score: 5}, {bits: 8, score: 3}]."
            ),
            Setting(
                path: "screening.listsTimeoutSeconds", defaultText: "5",
                comment: "For all of them together; one that is late counts nothing.", range: 1...60
            ),
            Setting(
                path: "screening.grayScore", defaultText: "5",
                comment:
                    "The spam verdict is GRAY when the scores of all listings add up to this ...",
                range: 1...10_000),
            Setting(
                path: "screening.failScore", defaultText: "10", comment: "... and FAIL at this.",
                range: 1...10_000),
        ]
        + scanner(
            "rspamd", address: "127.0.0.1:11333", timeoutSeconds: 30, connectionsMax: 16,
            about: "Asks rspamd for the spam verdict: the address of its normal worker")
        + scanner(
            "clamd", address: "/run/clamav/clamd.ctl", timeoutSeconds: 60, connectionsMax: 8,
            about: "Asks ClamAV for the virus verdict: the address of clamd")

    private static func scanner(
        _ name: String, address: String, timeoutSeconds: Int, connectionsMax: Int, about: String
    ) -> [Setting] {
        [
            Setting(
                path: "screening.\(name).address", defaultText: address, isExample: true,
                comment: "\(about)\n(host:port, or the path of a Unix socket)."),
            Setting(
                path: "screening.\(name).whenUnavailable", defaultText: "goOn", isExample: true,
                comment:
                    "What becomes of a mail when it cannot be had: goOn (without it), or defer\n"
                    + "(the mail waits for it)."),
            Setting(
                path: "screening.\(name).timeoutSeconds", defaultText: "\(timeoutSeconds)",
                isExample: true, comment: "For one mail, with its wait for a turn.",
                range: 1...600),
            Setting(
                path: "screening.\(name).connectionsMax", defaultText: "\(connectionsMax)",
                isExample: true, comment: "Mails that it is given at once.", range: 1...1_000),
        ]
    }
}

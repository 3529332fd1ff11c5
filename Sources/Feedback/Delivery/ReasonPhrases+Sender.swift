import MailModel

extension ReasonPhrases {
    static let ofSender: [(reason: BounceReason, phrases: [String])] = [
        (
            .reverseDNSMissing,
            [
                "reverse dns", "ptr record", "ptr resource", "dns ptr", "reverse lookup", "rdns",
                "no ptr", "your reverse", "(reverse) hostname", "reverse hostname",
                "reverse mapping",
                "ip name lookup failed", "mismatches client ip", "your hostname",
                "without a valid sender domain", "does not have a ptr", "missing ptr", "fcrdns",
                "unresolvable", "cannot resolve your address", "can not resolve your address",
                "could not resolve your", "dynamic ip without", "not have a reverse", "invalid ptr",
                "no reverse",
            ]
        ),
        (
            .authenticationFailed,
            [
                "dmarc", "spf record", "spf check", "spf fail", "spf: ", "spf validation",
                "spf policy",
                "sender policy framework", "dkim fail", "dkim check", "dkim signature",
                "dkim verif",
                "unauthenticated email", "unauthenticated mail", "sender is unauthenticated",
                "does not have authentication information", "requires all senders to authenticate",
                "authentication checks", "not pass authentication", "fails to pass auth",
                "sender id", "senderid", "domainkeys", "(spf)", "spf hard fail", "spf softfail",
                "not authorized to send mail for", "not designated", "failed authentication",
                "is not allowed to send mail from", "spf-", "not authorized to send on behalf",
                "unauthorized to send from", "spf=fail", "dkim=fail", "sender authentication",
            ]
        ),
        (
            .hostBlocked,
            [
                "low reputation", "poor reputation", "bad reputation", "ip reputation",
                "reputation", "user complaints", "recommend that you contact your internet",
                "blacklist", "black list", "blocklist", "block list", "block-list", "spamhaus",
                "spamcop", "dnsbl", "rbl", "is listed in", "listed at", "listed by", "listed on",
                "banned sending ip", "banned", "blocked using", "blocked by", "ip blocked",
                "blocked ip", "client host blocked", "your ip", "has been blocked by", "(bl)",
                "client host rejected", "denied by", "connection rejected", "refused to talk to me",
                "not accepting connections", "bloquee", "bad dns", "dynamic ip", "dialup",
                "dial-up", "residential", "server is blocked", "sending mta", "ip address is",
                "ip address has been", "access denied, ", "connections from", "sender ip",
                "sorry, your", "ip is blocked", "mail from your", "service refuse", "invalid helo",
                "helo command rejected", "ehlo command rejected", "host was blocked",
                "mail server has been", "country", "open relay", "open proxy",
                "been blocked due to",
                "connection refused by policy", "too many spam", "abusive",
                "spam source", "bad sender ip", "fix your", "invalid hostname", "dnswl",
                "my name was rejected",
                "use the smtp server of your isp",
            ]
        ),
        (
            .senderRejected,
            [
                "sender address rejected", "sender rejected", "sender domain", "domain of sender",
                "sender verify failed", "sender verification", "invalid sender", "bad sender",
                "unknown sender", "sender denied", "sender not", "mail from rejected",
                "unroutable sender", "purported responsible", "address rejected: sender",
                "from address", "envelope sender",
                "return address", "permission to post", "sender was rejected", "sender refused",
                "sender unknown", "sender is not", "not a member of", "only members",
                "not accepted from",
                "you are not allowed to post", "from <> ", "null sender", "domain of the sender",
                "sender's domain", "your email address", "sender blocked", "from your domain",
                "unable to verify sender", "sender does not exist", "empty envelope",
                "verification failed for", "backscatter", "you do not have permission",
                "post to the group",
                "message sender", "google.com/support/",
            ]
        ),
        (
            .relayDenied,
            [
                "relay access denied", "relaying denied", "relay denied", "relay not permitted",
                "unable to relay", "no relaying", "not permitted to relay", "relay mail",
                "relaying not allowed", "relaying is not", "relay is not", "relaying prohibited",
                "isn't in my list of allowed rcpthosts", "not relay", "relay operation rejected",
                "we do not relay", "is not a relay", "relay this", "relaying mail", "cannot relay",
                "not allowed to relay", "not local; please", "open a relay", "insecure mail relay",
            ]
        ),
        (
            .securityRequired,
            [
                "unauthenticated senders not allowed", "smtp authentication",
                "authentication required",
                "must issue a starttls", "tls required", "requires tls", "encryption required",
                "authentication is required", "authentication failed", "login to mail",
                "password", "smtp-auth", "certificate", "must authenticate", "not logged in",
                "requires encryption", "unencrypted", "authorization failed",
            ]
        ),
    ]

    static let ofMail: [(reason: BounceReason, phrases: [String])] = [
        (
            .virus,
            [
                "virus", "malware", "infected", "trojan", "malicious", "worm", "mcspamsignature",
                "phish",
            ]
        ),
        (
            .malformed,
            [
                "rfc 5322", "rfc5322", "rfc 2822", "rfc2822", "rfc 822", "not rfc", "rfc compliant",
                "multiple addresses in from", "multiple 550 5.7.1 addresses", "addresses in from",
                "duplicate header", "missing header", "bare lf", "bare line", "invalid header",
                "headers are missing", "missing from header", "missing message-id",
                "does not comply with", "no date header", "non-compliant", "malformed",
            ]
        ),
        (
            .spam,
            [
                "spam", "junk", "unsolicited", "bulk mail", "bulk email", "content filter", "ube",
                "uce", "blacklisted url", "uribl", "surbl", "url in message", "domain in message",
                "message looks like", "suspicious", "cloudmark",
            ]
        ),
        (
            .contentRejected,
            [
                "content rejected", "message content", "media error", "headers too large",
                "header error", "contains", "body rejected", "improper use of 8-bit", "attachment",
                "bad content", "content not", "its content", "mime",
                "message rejected due to content",
                "charset", "improper", "subject rejected", "header rejected", "body part",
                "executable", "not accept this content", "line too long",
            ]
        ),
    ]
}

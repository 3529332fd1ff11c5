import MailModel

/// What servers say, and the reason that it means, in the order in which it is looked for: what is
/// said more precisely comes first, since "rejected" and "user unknown" are said of everything.
/// Phrases are folded. An entry is a phrase that has been seen in replies of several servers, or in
/// those of a large one.
enum ReasonPhrases {
    static let table: [(reason: BounceReason, phrases: [String])] =
        ofMailbox + disabled + ofSender + ofMail + ofDomain + ofWay + ofAddress + ofRefusal

    private static let ofMailbox: [(reason: BounceReason, phrases: [String])] = [
        // One server's sentence that names every cause there is.
        (.noSuchDomain, ["the account or domain may not exist", "domain is not reachable"]),
        // Name servers that do not answer.
        (.networkError, ["host not found, try again", "lookup failure"]),
        (.hostBlocked, ["ip reputation", "reputation of the sending ip"]),
        (.spam, ["blacklisted url", "blacklisted link", "spam classification", "uribl", "surbl"]),
        (.suppressed, ["suppression list", "suppressed recipient", "unsubscribed recipient"]),
        (
            .rateLimited,
            [
                "rate limit", "ratelimit", "too many recipients this hour", "too many connections",
                "connection frequency", "throttl", "sending too fast", "too many messages",
                "rate that", "unusual rate", "too many concurrent", "max message per connection",
                "connection limit", "sending limit", "sending quota", "too much mail from",
                "too many recipients", "too many errors", "too many sessions", "message quota",
                "slow down", "too frequent", "connections from your host",
            ]
        ),
        (
            .mailboxFull,
            [
                "mailbox full", "mailbox is full", "quota", "overquota", "out of storage",
                "storage limit", "exceeded storage", "folder is full", "mailfolder is full",
                "mailbox size limit", "mailbox exceeds allowed size", "space not enough",
                "not enough space", "insufficient disk", "full mailbox", "account is full",
                "inbox is full", "no space left", "mailbox has exceeded", "too much mail stored",
                "mailbox would exceed", "box is full", "boite pleine", "boîte pleine",
                "casella piena", "postfach voll", "postfach ist voll", "buzón lleno",
                "buzon lleno", "caixa cheia", "メールボックスが一杯", "メールボックスがいっぱい", "容量", "переполнен",
                "邮箱已满", "邮箱空间不足", "storage space", "mailbox_full", "not enough storage space",
                "exceeded his/her", "maildir over", "mailbox has reached", "mailbox over",
                "user's mailbox is over", "mail box full", "exceeds the space", "full disk",
                "over the maximum allowed", "mailbox size exceeded", "out of space",
            ]
        ),
        (
            .messageTooLarge,
            [
                "message too large", "message too big", "size limit", "message size exceeds",
                "message length exceeds", "maximum message size", "message file too big",
                "max message size", "exceeded message size", "exceeds fixed maximum",
                "message exceeds", "message is larger", "message size", "exceeds maximum size",
                "message was too big", "exceeding the limit", "mail too large", "mail too big",
                "exceeds limit set", "recipsizelimit", "larger than the current", "size exceeded",
                "exceeds the maximum", "exceeded the maximum incoming", "mail is too large",
                "message was too large",
            ]
        ),
        (
            .mailboxMoved,
            [
                "has moved", "user has moved", "mailbox has moved", "moved to another",
                "no longer on server", "has changed to", "new address is", "please try <",
                "address has changed", "no forwarding address",
            ]
        ),
        (
            .takesNoMail,
            [
                "null mx", "nullmx", "doesn't receive email", "does not receive email",
                "does not accept mail", "does not accept email", "doesn't accept mail",
                "doesn't accept email", "no mail is accepted", "not accepting any mail",
                "domain does not accept", "host/domain does not accept mail",
                "indicated no smtp service", "smtp service is not available here",
                "does not accept any email",
            ]
        ),
    ]

    static let disabled: [(reason: BounceReason, phrases: [String])] = [
        (
            .mailboxDisabled,
            [
                "account disabled", "account is disabled", "has been disabled",
                "disabled or discon",
                "mailbox disabled", "mailbox is disabled", "suspended account", "account suspended",
                "account is suspended", "account has been suspended", "currently suspended",
                "user suspended", "inactive account", "account inactive", "is inactive",
                "temporary locked", "temporarily locked", "account is locked", "deactivated",
                "disabled recipient", "reach is disabled", "disabled user", "user disabled",
                "account expired", "account has expired", "account is blocked",
                "compte du destinataire",
                "not currently accept", "mailbox unavailable for this recipient",
                "account that you tried to reach is over", "is locked", "account closed",
                "account has been closed", "mailbox currently", "user is inactive", "frozen",
                "has been blocked for sending", "domain suspended", "account is temporarily",
                "account is unavailable", "recipient suspend", "user account is not activ",
                "mailbox temporarily disabled", "inactivity", "been terminated",
                "not been activated",
                "no longer active", "temporarily disabled", "unavailable to take delivery",
            ]
        )
    ]

    private static let ofDomain: [(reason: BounceReason, phrases: [String])] = [
        (
            .networkError,
            [
                "dns error", "dns type", "loop", "too many hops", "hop count", "no route to host",
                "network is unreachable", "network unreachable", "host unreachable",
                "connection refused", "connection dropped", "lost connection", "lookup failure",
                "could not connect", "couldn't connect", "unable to connect", "cannot connect",
                "connection reset", "conversation with", "failed to connect", "no answer from host",
                "connection to mail exchanger failed", "establish an smtp connection",
                "could not find a gateway", "connect to", "network error", "too many received",
                "destination server", "unreachable", "broken pipe", "connection closed",
                "connection was dropped", "connection failed", "not reachable",
                "remote host is not responding", "not responding", "dns server",
                "delivery temporarily suspended", "connection broken", "bad dns",
            ]
        ),
        (
            .noSuchDomain,
            [
                "host unknown", "unknown host", "host not found", "domain not found",
                "domain name not found", "domain does not exist", "domain doesn't exist",
                "no such domain", "couldn't find any host", "unrouteable", "unroutable",
                "name or service not known", "no mx", "a mail exchanger", "illegal host",
                "nxdomain",
                "non-existent domain", "invalid domain", "domain is not reachable",
                "unknown domain",
                "cannot find domain", "host or domain name not found", "nonexistent domain",
                "bad destination system", "bad destination host", "name service error",
                "domain is invalid", "unknown mail domain", "unable to resolve", "no dns",
                "domain must exist", "host name lookup", "hostname not found",
                "host lookup did not",
                "no relevant answers", "find mx", "server not found", "recipient domain",
                "unresolvable domain", "does not resolve",
            ]
        ),
    ]

    private static let ofWay: [(reason: BounceReason, phrases: [String])] = [
        (
            .expired,
            [
                "message expired", "retry timeout", "retry time", "delivery time expired",
                "delivery expired", "in the queue too long", "queue too long", "not been collected",
                "not collected", "unable to deliver in", "delivery timed out", "been delayed",
                "will be retried", "warning message only", "maximum delivery attempts",
                "delivery attempts", "delivery failed after", "queue.expired", "timed out",
                "timeout", "did not accept our requests to connect", "has expired", "attempt(s)",
                "not yet been delivered", "not been delivered", "will continue", "aborted after",
                "gave up", "exceeded maximum", "attempts:", "envelope expired",
                "was not delivered within", "queued for", "too old",
                "message delayed", "temporarily deferred", "delayed mail",
            ]
        ),
        (
            .protocolError,
            [
                "improper sequence", "bad sequence", "syntax error", "command not recogni",
                "command unrecogni", "unrecognized command", "nested mail", "need rcpt",
                "invalid parameter", "unknown command", "not implemented", "protocol error",
                "must have sender", "unexpected",
            ]
        ),
        (
            .mailerError,
            [
                "command died", "child status", "exit status", "procmail", "mailer error",
                "local delivery agent", "cannot open mailbox", "command output", "maildrop",
                "pipe to", "error from mailer", "fatal mailer error", "command failed",
                "x-unix; ", "transport returned",
            ]
        ),
        (
            .systemError,
            [
                "local error", "server error", "internal error", "system error", "disk full",
                "i/o error", "configuration error", "could not load", "system not accepting",
                "resources temporarily", "insufficient system", "local configuration",
                "service currently unavailable", "local problem", "server configuration",
                "cannot create", "unable to lock", "system config", "ldap server",
                "operating system error", "out of memory", "can't create",
                "server busy", "insufficient storage", "system is full", "mail system full",
                "system full", "fatal error", "upstream error", "temporary system", "read-only",
                "interrupted system call", "try again later", "service unavailable",
                "unable to open", "program failure", "problem with the system",
            ]
        ),
    ]

    private static let ofAddress: [(reason: BounceReason, phrases: [String])] = [
        (
            .noSuchMailbox,
            [
                "user unknown", "unknown user", "no such user", "no such address", "nosuchuser",
                "unknown recipient", "recipient unknown", "does not exist", "doesn't exist",
                "no mailbox here", "invalid recipient", "invalid mailbox", "mailbox not found",
                "user not found", "recipient not found", "recipientnotfound", "recipnotfound",
                "not listed in", "name is not recognized", "doesn't have a", "no longer valid",
                "unknown address", "address unknown", "no such mailbox", "not a valid user",
                "not a valid mailbox", "invalid user", "bad address", "unknown local part",
                "unknown local-part", "no valid recipients", "mailbox unavailable", "not exist",
                "invalid address", "illegal user", "illegal alias", "unknown email",
                "userid", "could not be found", "couldn't be found", "wasn't found", "isn't found",
                "possibly incorrect", "no account", "not known", "user does not", "no user",
                "not our customer", "not a known user",
                "no such recipient", "unknown account", "unknown mailbox",
                "bad destination mailbox",
                "not a valid recipient", "not found", "does not like recipient", "non-existent",
                "nonexistent", "nonexist", "didn't exactly match", "did not exactly match",
                "check if address is correct", "recipient address rejected: access denied",
                "account not", "user invalid", "mailbox does", "ユーザが存在", "見つかりません", "存在しません",
                "宛先不明", "unbekannt", "existiert nicht", "n'existe pas", "inconnu", "no existe",
                "não existe", "nao existe", "не существует", "не найден", "不存在", "non esiste",
                "sconosciut", "bestaat niet", "onbekend", "nie istnieje", "invalid email",
                "not valid", "is unknown", "was not found", "unknown person", "recipient rejected",
                "is not a valid", "no longer works", "no longer available", "has left",
                "not have an account", "unknown", "recipient is not", "match any", "unable to find",
                "don't have", "bad recipient", "user is not", "incorrect", "no existing",
                "not deliverable to mailbox", "delivery point", "invalid mail address",
            ]
        )
    ]

    private static let ofRefusal: [(reason: BounceReason, phrases: [String])] = [
        (
            .refusedByRecipient,
            [
                "rejected by a remote mail server", "recipient preferences", "message filtered",
                "message was rejected by the recipient", "not accepting mail from",
                "refused by the recipient", "refused by recipient", "rejected by user",
                "due to extended inactivity", "recipient refuses", "rejected by recipient",
                "blocked by the recipient", "message refused", "was automatically rejected",
                "not want to receive", "filter", "recipient's server",
            ]
        ),
        (
            .policy,
            [
                "policy", "policies", "administrative", "prohibit", "protocol violation",
                "potential", "security risk", "not permitted", "restricted", "not allowed",
            ]
        ),
    ]

    /// What is said where nothing is: it means something only where the status says no more.
    static let vague: [(reason: BounceReason, phrases: [String])] = [
        (.policy, ["recipient address rejected"]),
        (.senderRejected, ["access denied", "denied", "rejected"]),
    ]
}

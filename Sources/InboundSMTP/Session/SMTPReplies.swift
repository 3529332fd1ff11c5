import MailFlow
import MailModel
import SMTPProtocol

/// Every reply that a server session gives: code, enhanced code and text. RFC 5321 §4.2,
/// RFC 3463, RFC 2034.
///
/// Holds what the peer may know; which rule or limit it was goes to the log.
enum SMTPReplies {
    private static func reply(
        _ code: Int, _ subject: Int, _ detail: Int, _ text: String
    ) -> SMTPReply {
        SMTPReply(code, EnhancedStatusCode(code / 100, subject, detail), text)
    }

    // MARK: Greeting

    static func greeting(_ hostname: String) -> SMTPReply {
        SMTPReply(220, nil, "\(hostname) ESMTP Martlet")
    }

    static func helo(_ hostname: String) -> SMTPReply { SMTPReply(250, nil, hostname) }

    static func ehlo(_ hostname: String, _ extensions: [String]) -> SMTPReply {
        SMTPReply(250, nil, [hostname] + extensions)
    }

    // MARK: Done

    static let mail = reply(250, 1, 0, "Sender ok")
    static let rcpt = reply(250, 1, 5, "Recipient ok")
    static let data = SMTPReply(354, nil, "End data with <CR><LF>.<CR><LF>")
    static func chunk(_ bytes: Int) -> SMTPReply { reply(250, 0, 0, "\(bytes) octets received") }
    static func accepted(_ id: MailID) -> SMTPReply { reply(250, 0, 0, "Ok: queued as \(id)") }
    /// SES: clients read the id behind `Ok`.
    static func sent(_ id: MessageID) -> SMTPReply { reply(250, 0, 0, "Ok \(id)") }
    static let rset = reply(250, 0, 0, "Ok")
    static let noop = reply(250, 0, 0, "Ok")
    static let quit = reply(221, 0, 0, "Bye")
    static let startTLS = reply(220, 0, 0, "Ready to start TLS")
    static let vrfy = reply(252, 1, 5, "Cannot verify, but will take mail and try")
    static let help = reply(214, 0, 0, "RFC 5321")

    // MARK: Refusals of a command

    static let expn = reply(502, 5, 1, "EXPN is not implemented")
    static let auth = reply(502, 5, 1, "AUTH is not offered here")
    static let authFirst = reply(530, 7, 0, "Authentication required")
    static let startTLSFirst = reply(530, 7, 0, "Must issue a STARTTLS command first")
    static let authAgain = reply(503, 5, 1, "Authenticated already")
    static let authMechanism = reply(504, 5, 4, "Authentication mechanism not supported")
    static let authCancelled = reply(501, 7, 0, "Authentication cancelled")
    static let authMalformed = reply(501, 5, 2, "Cannot decode the response")
    static let authInvalid = reply(535, 7, 8, "Authentication Credentials Invalid")
    static let authUnavailable = reply(454, 7, 0, "Temporary authentication failure")
    static let authTooOften = reply(
        454, 7, 0, "Too many failed logins from your address, try again later")
    static let authDone = reply(235, 7, 0, "Authentication successful.")
    /// RFC 4954 §4: the challenge is base64.
    static func challenge(_ text: String) -> SMTPReply { SMTPReply(334, nil, text) }
    static let startTLSNotOffered = reply(502, 5, 1, "STARTTLS is not offered here")
    static let startTLSAgain = reply(503, 5, 1, "TLS is active already")
    static let ehloFirst = reply(503, 5, 1, "Send EHLO or HELO first")
    static let mailFirst = reply(503, 5, 1, "Send MAIL first")
    static let rcptFirst = reply(503, 5, 1, "Send RCPT first")
    static let mailAgain = reply(503, 5, 1, "A mail transaction is open already")
    static let chunksOpen = reply(503, 5, 1, "BDAT chunks are open: send BDAT LAST or RSET")
    static let chunksRefused = reply(503, 5, 1, "An earlier chunk was refused: send RSET")
    static let noRecipients = reply(554, 5, 1, "No valid recipients")
    static let lineTooLong = reply(500, 5, 2, "Line too long")
    static let bareLineFeed = reply(500, 5, 2, "Lines end with <CR><LF>")
    static let tooManyRecipients = reply(452, 5, 3, "Too many recipients")
    static let sizeTooLarge = reply(552, 3, 4, "Mail is larger than the limit")
    static let needsSMTPUTF8 = reply(553, 6, 7, "Addresses beyond ASCII need SMTPUTF8")
    /// Closes the session.
    static let http = reply(421, 5, 2, "This is SMTP")

    static func syntax(_ error: SMTPSyntaxError) -> SMTPReply {
        switch error {
        case .http: http
        case .unknownVerb: reply(500, 5, 1, "Command not recognised")
        case .control: reply(501, 5, 2, "Control character in a command")
        case .argument(let verb): reply(501, 5, 4, "Syntax: \(syntax(of: verb))")
        case .address(let error): address(error)
        case .parameterUnknown: reply(555, 5, 4, "Parameter not recognised")
        case .parameterInvalid: reply(501, 5, 4, "Parameter has an invalid value")
        case .parameterNotOffered: reply(504, 5, 4, "BODY=BINARYMIME is not offered")
        }
    }

    private static func address(_ error: AddressError) -> SMTPReply {
        switch error.fact {
        case .nonASCII: needsSMTPUTF8
        case .empty: reply(501, 5, 4, "Syntax: address in < and >")
        case .trailing: reply(501, 1, 3, "Bad address: something stands behind it")
        case .localPartMissing, .localPartTooLong, .localPartInvalid, .quotedStringUnended,
            .atMissing, .domainInvalid, .domainTooLong, .literalInvalid, .invalidUTF8, .control:
            reply(501, 1, 3, "Bad address syntax")
        }
    }

    private static func syntax(of verb: SMTPVerb) -> String {
        switch verb {
        case .ehlo, .helo: "\(verb.rawValue) hostname"
        case .mail: "MAIL FROM:<address>"
        case .rcpt: "RCPT TO:<address>"
        case .bdat: "BDAT size [LAST]"
        case .vrfy, .expn: "\(verb.rawValue) address"
        case .data, .rset, .noop, .quit, .help, .starttls, .auth: verb.rawValue
        }
    }

    // MARK: Refusals of the flow

    static func refusal(_ refusal: Refusal) -> SMTPReply {
        switch refusal {
        case .peerBlocked: reply(554, 7, 1, "Access denied")
        case .recipientUnknown: reply(550, 1, 1, "No such recipient here")
        case .tlsRequired: reply(530, 7, 0, "Must issue a STARTTLS command first")
        case .insufficientStorage: reply(452, 3, 1, "Insufficient system storage")
        case .storageUnavailable: reply(451, 3, 0, "Local error, try again later")
        case .overloaded: reply(452, 3, 1, "Too much waits here already, try again later")
        case .shuttingDown: shuttingDown
        case .headerTooLarge: reply(552, 3, 4, "Header section is larger than the limit")
        case .tooManyHops: reply(554, 4, 6, "Too many hops")
        case .dmarcFailed:
            reply(550, 7, 1, "The policy (DMARC) of the domain in From asks to reject this mail")
        case .dmarcUndecided:
            reply(451, 7, 1, "The DNS does not answer for the domain in From, try again later")
        case .authorUnclear: reply(550, 7, 1, "From has to name one author (RFC 5322)")
        case .byRule(_, let code, let status, let text):
            SMTPReply(
                code, EnhancedStatusCode(status.class, status.subject, status.detail), line(text))
        case .otherRules:
            reply(452, 5, 3, "Other rules hold for this recipient: send it another mail")
        case .tooManyRecipients: tooManyRecipients
        case .loginRevoked: authInvalid
        case .scannerUnavailable:
            reply(451, 7, 1, "The mail cannot be looked into for viruses now, try again later")
        case .unsendable(let why), .unverified(let why): reply(554, 6, 0, line(why))
        }
    }

    /// What a reply can carry of a text that may quote what came. RFC 5321 §4.2
    static func line(_ text: String) -> String {
        String(
            decoding: text.utf8.prefix(400).map { (32...126).contains($0) ? $0 : 63 },
            as: UTF8.self)
    }

    /// In place of the greeting, where the session ends with it.
    static func refusal(ofPeer refusal: Refusal) -> SMTPReply {
        switch refusal {
        case .overloaded: overloaded
        case .peerBlocked, .recipientUnknown, .tlsRequired, .insufficientStorage,
            .storageUnavailable, .shuttingDown, .headerTooLarge, .tooManyHops, .dmarcFailed,
            .dmarcUndecided, .authorUnclear, .byRule, .otherRules, .tooManyRecipients,
            .loginRevoked, .scannerUnavailable, .unsendable, .unverified:
            self.refusal(refusal)
        }
    }

    static func fault(_ fault: DataFault) -> SMTPReply {
        switch fault {
        case .bareLineEnd:
            reply(550, 6, 0, "Bare <CR> or <LF> in the mail; lines end with <CR><LF>")
        case .lineTooLong: reply(550, 6, 0, "A line of the mail is longer than the limit")
        }
    }

    // MARK: Ends of a session

    static let shuttingDown = reply(421, 3, 2, "Service shutting down, try again later")
    /// RFC 5321 §3.1: in place of the greeting.
    static let earlyTalker = reply(554, 5, 1, "You spoke before the greeting")
    static let overloaded = reply(421, 3, 2, "Too busy, try again later")
    static let tooManyErrors = reply(421, 7, 0, "Too many errors")
    static let tooManyCommands = reply(421, 7, 0, "Too many commands without a mail")
    static let tooManyMails = reply(421, 7, 0, "Enough mails for one session")
    static let tooManyConnections = reply(421, 3, 2, "Too many connections, try again later")
    static let tooManyConnectionsOfAddress = reply(
        421, 7, 0, "Too many connections from your address, try again later")
    static let tooManyConnectionsAMinute = reply(
        421, 7, 0, "Too many connections a minute from your address, try again later")
    static let chunkUnreadable = reply(421, 5, 4, "A chunk of unknown size cannot be taken")
    static let tooMuchData = reply(421, 3, 4, "Mail is far larger than the limit")
    static let timeout = reply(421, 4, 2, "Timeout")
    static let tooSlow = reply(421, 4, 2, "Mail comes too slowly")
}

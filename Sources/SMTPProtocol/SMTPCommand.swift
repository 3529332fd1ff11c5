package import MailModel

/// A command line of a client, understood. RFC 5321 §4.1.1, RFC 3207 §4, RFC 3030 §2.
package enum SMTPCommand: Hashable, Sendable {
    /// The argument as given: printable ASCII or UTF-8 without spaces, 1 to 255 bytes.
    case ehlo(String)
    case helo(String)
    case mail(ReversePath, MailParameters)
    case rcpt(ForwardPath, RecipientParameters = RecipientParameters())
    case data
    case bdat(size: Int, isLast: Bool)
    case rset
    case noop
    case quit
    case vrfy
    case expn
    case help
    case starttls
    /// The mechanism in upper case, and what came with it: `=` stands for nothing.
    case auth(mechanism: String, initial: ArraySlice<UInt8>?)

    /// The verb alone; what tables of verbs are keyed by.
    package var verb: SMTPVerb {
        switch self {
        case .ehlo: .ehlo
        case .helo: .helo
        case .mail: .mail
        case .rcpt: .rcpt
        case .data: .data
        case .bdat: .bdat
        case .rset: .rset
        case .noop: .noop
        case .quit: .quit
        case .vrfy: .vrfy
        case .expn: .expn
        case .help: .help
        case .starttls: .starttls
        case .auth: .auth
        }
    }
}

package enum SMTPVerb: String, Hashable, Sendable, CaseIterable {
    case ehlo = "EHLO"
    case helo = "HELO"
    case mail = "MAIL"
    case rcpt = "RCPT"
    case data = "DATA"
    case bdat = "BDAT"
    case rset = "RSET"
    case noop = "NOOP"
    case quit = "QUIT"
    case vrfy = "VRFY"
    case expn = "EXPN"
    case help = "HELP"
    case starttls = "STARTTLS"
    case auth = "AUTH"
}

/// The parameters of MAIL that we understand.
package struct MailParameters: Hashable, Sendable {
    /// RFC 1870: the mail's size in bytes as the client says. Larger than `Int.max` counts as
    /// `Int.max`.
    package var size: Int?
    /// RFC 6152: `BODY=8BITMIME`.
    package var is8BitMIME = false
    /// RFC 6531
    package var isSMTPUTF8 = false
    /// RFC 8689 §2: `REQUIRETLS`
    package var requiresTLS = false
    /// RFC 3461 §4.3: `RET`
    package var returned: DeliveryNotification.Returned?
    /// RFC 3461 §4.4: `ENVID`, in the xtext that it came in, at most 100 bytes.
    package var envelopeID: String?
    /// RFC 4954 §5: `AUTH`, which we do not believe, and so do not keep.
    package var hasAuth = false

    package init(
        size: Int? = nil, is8BitMIME: Bool = false, isSMTPUTF8: Bool = false,
        requiresTLS: Bool = false
    ) {
        self.size = size
        self.is8BitMIME = is8BitMIME
        self.isSMTPUTF8 = isSMTPUTF8
        self.requiresTLS = requiresTLS
    }

    /// Whether there is a parameter that only who takes submissions offers.
    package var isOfSubmission: Bool { returned != nil || envelopeID != nil || hasAuth }
}

/// The parameters of RCPT that we understand. RFC 3461 §4.1
package struct RecipientParameters: Hashable, Sendable {
    package var occasions: DeliveryNotification.Occasions?
    /// `addr-type;xtext`, at most 500 bytes.
    package var originalRecipient: String?

    package init() {}
}

/// Why a line is no command: facts, which the table of replies words.
package enum SMTPSyntaxError: Error, Hashable, Sendable {
    /// No verb of SMTP's.
    case unknownVerb
    /// The first line of an HTTP request: whoever sent it does not speak SMTP.
    case http
    /// The line holds NUL or another control character.
    case control
    /// A verb that takes no argument has one, or one that needs it has none.
    case argument(SMTPVerb)
    case address(AddressError)
    /// A parameter whose name we do not know.
    case parameterUnknown
    /// A parameter with a value that it cannot have, or given twice.
    case parameterInvalid
    /// A parameter whose value is defined, and not offered here (`BODY=BINARYMIME`).
    case parameterNotOffered
}

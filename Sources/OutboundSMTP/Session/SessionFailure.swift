package import MailModel
package import SMTPProtocol

/// Why a session, or a mail in it, came to nothing: facts, which `DeliveryVerdict` judges and words.
package struct SessionFailure: Error, Sendable, Hashable {
    /// What was under way.
    package enum Step: String, Sendable, Hashable, CaseIterable {
        case connecting
        case greeting
        case hello
        case startTLS
        case handshake
        case login
        case reset
        case mail
        case recipient
        case data
        /// The content was being sent.
        case content
        /// All of the content was sent, its end included.
        case end
        /// No mail was under way.
        case idle
    }

    package enum Reason: Sendable, Hashable {
        /// 4xx or 5xx.
        case refused(RemoteReply)
        /// A reply whose code does not belong there.
        case unexpected(RemoteReply)
        case fault(ReplyFault)
        case timedOut(seconds: Int64)
        /// The connection ended, or never was; why, as the system or the TLS library says it.
        case lost(String)
        /// The address that it was to leave from is none of this machine.
        case addressMissing(IPAddress)
        /// The system had no file descriptor for the connection.
        case noDescriptor
        /// The handshake failed, or the certificate is not what it has to be.
        case tls(TLSFailure)
        case lacks(Lack)
        case unsendable(Unsendable)
        case cancelled
    }

    /// What the mail, or our policy, needs of the server and the server does not offer.
    package enum Lack: String, Sendable, Hashable, CaseIterable {
        case smtpUTF8
        case eightBitMIME
        case size
        case requireTLS
        /// That it is the domain's exchanger.
        case proof
        case startTLS
        /// A way to log in that we know.
        case mechanism
        /// There is a password to send, and nothing that hides it.
        case privacy
    }

    /// What is wrong with the mail as we have it.
    package enum Unsendable: Sendable, Hashable {
        case reversePath
        case recipient
        /// A parameter of MAIL or RCPT, or our own name.
        case parameter(String)
        case content(ContentFault)
        /// Its bytes could not be read, or are not as many as they were said to be.
        case unreadable(String)
    }

    package var step: Step
    package var reason: Reason

    package init(_ step: Step, _ reason: Reason) {
        self.step = step
        self.reason = reason
    }
}

/// Why there is no TLS of the kind that is needed. RFC 8460 §4.3 names the kinds; here are those that
/// we tell apart.
package struct TLSFailure: Error, Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        case startTLSNotSupported = "starttls-not-supported"
        case certificateHostMismatch = "certificate-host-mismatch"
        case certificateExpired = "certificate-expired"
        case certificateNotTrusted = "certificate-not-trusted"
        /// Any other: no common version, a reset, records of TLS that are none.
        case validationFailure = "validation-failure"
        case dnssecInvalid = "dnssec-invalid"
        case stsPolicyFetchError = "sts-policy-fetch-error"
        case stsPolicyInvalid = "sts-policy-invalid"
        case stsWebPKIInvalid = "sts-webpki-invalid"
    }

    package var kind: Kind
    /// One line for people.
    package var detail: String

    package init(_ kind: Kind, _ detail: String) {
        self.kind = kind
        self.detail = detail
    }
}

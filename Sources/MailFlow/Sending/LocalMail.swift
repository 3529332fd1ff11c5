package import MailModel

/// What a program of this machine says of a mail before its bytes, at the socket where local
/// programs submit.
package struct LocalMail: Sendable, Codable {
    /// Of an idempotency key: printable ASCII.
    package static let idempotencyKeyBytesMax = 128
    /// How far a mail may be scheduled ahead: the keys that it is signed with stand for longer.
    package static let scheduledDaysMax: Int64 = 14
    /// Bytes of an envelope's addresses, and of other texts.
    static let textBytesMax = 1_024

    /// An address, `<>` for the null path; nil: whom its header names as
    /// Return-Path, as Sender, or as author.
    package var sender: String?
    /// Addresses, as headers list them.
    package var recipients: [String]
    /// Whether whom To, Cc and Bcc name are recipients, too.
    package var takesHeaderRecipients = false
    /// The name of who wrote it, where it has no From.
    package var authorName: String?
    /// What is told of its recipients; RFC 3461.
    package var notification = DeliveryNotification()
    /// A second mail of this key is not taken: its answer is the first one's id.
    package var idempotencyKey: String?
    /// Not tried before.
    package var sendAt: Timestamp?
    /// `sendAt` where it was asked for from now on: `+2h` is the same when it is asked for again.
    package var sendAtText: String?
    /// Of the mail, which follows: lines that end in LF or CRLF.
    package var bytes: Int

    package init(sender: String?, recipients: [String], bytes: Int) {
        self.sender = sender
        self.recipients = recipients
        self.bytes = bytes
    }
}

/// Whose program it is, as the kernel says.
package struct LocalUser: Sendable, Hashable {
    package var id: UInt32
    /// Nil where the system knows no name for it.
    package var name: String?

    package init(id: UInt32, name: String?) {
        self.id = id
        self.name = name
    }

    /// A local part, and a word of a header, whatever the system lets users be called.
    var word: String {
        guard let name, (1...64).contains(name.utf8.count),
            name.utf8.allSatisfy({
                $0.isASCIIDigit || $0.isASCIILetter || $0 == UInt8(ascii: "-")
                    || $0 == UInt8(ascii: "_")
            })
        else { return "uid-\(id)" }
        return name
    }
}

/// What the program is told.
package enum LocalAnswer: Sendable, Codable, Equatable {
    /// On stable storage under this id.
    case sent(MessageID)
    case refused(LocalRefusal)
}

/// Why a mail was not taken.
package struct LocalRefusal: Error, Sendable, Codable, Equatable {
    package enum Kind: String, Sendable, Codable {
        /// Not a request, or one that nobody can do.
        case request
        /// The mail, or its envelope.
        case mail
        /// An address of a recipient.
        case recipient
        /// Who sends may not do so by this address.
        case sender
        case tooLarge
        /// The same may be taken later.
        case later
    }

    package var kind: Kind
    package var text: String

    package init(_ kind: Kind, _ text: String) {
        self.kind = kind
        self.text = text
    }

    package init(_ refusal: Refusal) {
        switch refusal {
        case .unsendable(let text): self.init(.mail, text)
        case .unverified(let text): self.init(.sender, text)
        case .headerTooLarge: self.init(.tooLarge, "the header section is larger than the limit")
        case .insufficientStorage: self.init(.later, "the server's disk is full")
        case .loginRevoked: self.init(.sender, "the access key is disabled")
        case .scannerUnavailable:
            self.init(.later, "the mail cannot be looked into for viruses now")
        case .storageUnavailable: self.init(.later, "the server cannot take mail now")
        case .overloaded: self.init(.later, "too much waits already")
        case .shuttingDown: self.init(.later, "the server is ending")
        case .peerBlocked, .recipientUnknown, .tlsRequired, .tooManyHops, .dmarcFailed,
            .dmarcUndecided, .authorUnclear, .byRule, .otherRules, .tooManyRecipients:
            self.init(.mail, "the mail is not taken")
        }
    }
}

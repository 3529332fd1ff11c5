/// A mail address: `Local-part@Domain` of RFC 5321 §4.1.2, validated.
///
/// Equality and hashing compare the domain by its A-label form and the local part without case,
/// as receipt rules do (RFC 5321 §2.4 leaves the local part's case to its host, and that is us).
package struct Mailbox: Hashable, Sendable {
    /// As the peer wrote it, unquoted; UTF-8 where SMTPUTF8 allowed it. Holds no control
    /// character, CR or LF.
    package let localPart: String
    package let domain: Domain

    /// For a caller that has validated both parts: the parsers of this project.
    package init(validatedLocalPart localPart: String, domain: Domain) {
        self.localPart = localPart
        self.domain = domain
    }

    package static func == (left: Mailbox, right: Mailbox) -> Bool {
        left.domain == right.domain && left.foldedLocalPart == right.foldedLocalPart
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(domain)
        hasher.combine(foldedLocalPart)
    }

    /// The local part in lower case: what comparisons use.
    package var foldedLocalPart: String { localPart.lowercased() }

    /// What stands behind the first `+` of its local part, as it is written; nil where there is none.
    package var label: String? {
        localPart.firstIndex(of: "+").map { String(localPart[localPart.index(after: $0)...]) }
    }

    /// The lower-cased local part up to its first `+`, or nil where it has no label.
    package var localPartWithoutLabel: String? {
        let folded = foldedLocalPart
        guard let plus = folded.firstIndex(of: "+"), plus != folded.startIndex else { return nil }
        return String(folded[..<plus])
    }
}

/// The domain of an address: a host name, or an address literal in brackets.
package struct Domain: Hashable, Sendable, CustomStringConvertible {
    /// Lower-case A-label form (`xn--…`), without a final dot; what comparisons and look-ups use.
    /// An address literal keeps its brackets.
    package let ascii: String

    /// For a caller that has validated and folded the text.
    package init(validatedASCII ascii: String) {
        self.ascii = ascii
    }

    package var isAddressLiteral: Bool { ascii.hasPrefix("[") }

    /// This domain's parents, nearest first, down to two labels: `a.b.example.com` gives
    /// `b.example.com`, `example.com`. Empty for an address literal.
    package var parents: [String] {
        guard !isAddressLiteral else { return [] }
        var result: [String] = []
        var rest = Substring(ascii)
        while let dot = rest.firstIndex(of: ".") {
            rest = rest[rest.index(after: dot)...]
            guard rest.contains(".") else { break }
            result.append(String(rest))
        }
        return result
    }

    package var description: String { ascii }
}

/// The argument of MAIL FROM. RFC 5321 §4.1.2 `Reverse-path`.
package enum ReversePath: Hashable, Sendable {
    /// `<>`: a bounce or another mail that must not be answered.
    case null
    case mailbox(Mailbox)
}

/// The argument of RCPT TO. RFC 5321 §4.1.2 `Forward-path`.
package enum ForwardPath: Hashable, Sendable {
    /// `<Postmaster>` without a domain, which RFC 5321 §4.5.1 makes every receiver take.
    case postmaster
    case mailbox(Mailbox)
}

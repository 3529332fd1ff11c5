import DNS
package import MailModel

/// Whom SPF is asked about: the client, and what it said of itself. Text from the wire, which only
/// gets where it has been validated.
package struct SPFSender: Sendable, Hashable {
    /// RFC 7208 §2.3, RFC 7208 §2.4
    package enum Identity: String, Sendable, Hashable {
        case mailFrom = "mailfrom"
        case helo
    }

    package let address: IPAddress
    /// The argument of EHLO or HELO, as it came.
    package let helo: String
    package let identity: Identity
    let localPart: [UInt8]
    /// As it came: it may be none.
    let domainText: String

    /// The address of MAIL FROM; `postmaster` at the HELO name for the null path. RFC 7208 §2.4
    package init(_ address: IPAddress, helo: String, mailFrom path: ReversePath) {
        switch path {
        case .null: self.init(address, helo: helo, mailFrom: "")
        case .mailbox(let mailbox):
            self.init(
                address, helo: helo, identity: .mailFrom, localPart: mailbox.localPart,
                domain: mailbox.domain.ascii)
        }
    }

    /// The same of an address as text, empty for the null path: it may be anything.
    package init(_ address: IPAddress, helo: String, mailFrom text: String) {
        let at = text.lastIndex(of: "@")
        let localPart = at.map { String(text[..<$0]) } ?? ""
        let rest = at.map { text[text.index(after: $0)...] } ?? text[...]
        let domain = text.isEmpty ? helo : String(rest)
        self.init(
            address, helo: helo, identity: .mailFrom, localPart: localPart, domain: domain)
    }

    /// The HELO name. RFC 7208 §2.3
    package init(_ address: IPAddress, helo: String) {
        self.init(address, helo: helo, identity: .helo, localPart: "", domain: helo)
    }

    private init(
        _ address: IPAddress, helo: String, identity: Identity, localPart: String, domain: String
    ) {
        self.address = address
        self.helo = helo
        self.identity = identity
        // RFC 7208 §4.3
        self.localPart = Array((localPart.isEmpty ? "postmaster" : localPart).utf8)
        domainText = domain
    }

    /// The domain that is asked for its record; nil where the text is none in the world's DNS: an
    /// address literal, one label, what is no name, or one too long to be asked. RFC 7208 §4.3
    package var domain: Domain? {
        guard let domain = try? Domain(parsing: domainText), domain.ascii.contains("."),
            domain.isQueryName
        else { return nil }
        return domain
    }

    /// `localpart@domain`: of `%{s}`.
    var text: [UInt8] {
        localPart + [UInt8(ascii: "@")] + Array((domain?.ascii ?? domainText).utf8)
    }
}

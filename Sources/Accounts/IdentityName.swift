package import MailModel
package import Storage

/// What an identity is called: a domain, or one address. SES: `Identity`.
package enum IdentityName: Sendable, Hashable {
    case domain(Domain)
    case address(Mailbox)

    package struct ParsingError: Error, Sendable, CustomStringConvertible {
        package let description: String
    }

    /// `example.com` or `user@example.com`.
    package init(parsing text: String) throws(ParsingError) {
        if text.contains("@") {
            guard let mailbox = Mailbox(text) else {
                throw ParsingError(description: "“\(text)” is no mail address")
            }
            self = .address(mailbox)
            return
        }
        do throws(DomainError) {
            self = .domain(try Domain(parsing: text))
        } catch {
            throw ParsingError(description: "“\(text)” is no domain: \(error)")
        }
    }

    /// A domain's A-label form, or `local@domain` with the local part's case kept.
    package var text: String {
        switch self {
        case .domain(let domain): domain.ascii
        case .address(let mailbox): mailbox.wireText
        }
    }

    package var kind: IdentityRecord.Kind {
        switch self {
        case .domain: .domain
        case .address: .address
        }
    }
}

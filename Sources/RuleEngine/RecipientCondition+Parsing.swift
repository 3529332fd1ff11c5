import MailModel

extension RecipientCondition {
    /// Why a text is no recipient condition.
    package struct ParsingError: Error, Sendable {
        package let message: String
    }

    /// `user@example.com`, `example.com` or `.example.com`; folded to lower case and A-labels.
    /// `allowsWildcards`: also an address with `*` in it.
    package init(parsing text: String, allowsWildcards: Bool = false) throws(ParsingError) {
        if text.contains("*"), allowsWildcards {
            self = .like(try Self.wildcard(text))
            return
        }
        if text.contains("*") {
            throw ParsingError(
                message: "“*” is no wildcard here: \(Self.advice(for: text))")
        }
        if text.contains("@"), !text.hasPrefix("@") {
            let mailbox: Mailbox
            do throws(AddressError) {
                mailbox = try AddressParser.mailbox(Array(text.utf8)[...], isUTF8Allowed: true)
            } catch {
                throw ParsingError(message: "“\(text)” is no address: \(error)")
            }
            self = .address(localPart: mailbox.foldedLocalPart, domain: mailbox.domain.ascii)
            return
        }
        let isParent = text.hasPrefix(".")
        if text.hasPrefix("@") {
            throw ParsingError(
                message: "“\(text)”: for all addresses of a domain write “\(text.dropFirst())”")
        }
        do throws(DomainError) {
            let domain = try Domain(parsing: isParent ? String(text.dropFirst()) : text)
            self = isParent ? .subdomains(of: domain.ascii) : .domain(domain.ascii)
        } catch {
            throw ParsingError(
                message: "“\(text)” is neither an address nor a domain: \(error)")
        }
    }

    /// Behind the `@` of an address with stars there is a domain, in which some may stand, too.
    private static func wildcard(_ text: String) throws(ParsingError) -> Wildcard {
        guard let at = text.lastIndex(of: "@"), at != text.startIndex else {
            throw ParsingError(
                message: "“\(text)”: “*” stands in addresses: \(advice(for: text))")
        }
        let domain = String(text[text.index(after: at)...])
        guard text.utf8.count <= 320, text.utf8.allSatisfy({ $0 > 32 && $0 != 127 }),
            let ascii = try? Domain(parsing: domain.replacing("*", with: "x")).ascii
        else { throw ParsingError(message: "“\(text)” is no address, whatever “*” stands for") }
        // A name beyond ASCII is compared in its A-labels, of which a star is no part.
        let isPlain = domain.utf8.allSatisfy { $0 < 128 }
        guard isPlain || !domain.contains("*") else {
            throw ParsingError(
                message: "“\(text)”: “*” stands for no part of a domain beyond ASCII; write its "
                    + "A-labels (xn--…)")
        }
        return Wildcard(text[...at] + (isPlain ? domain : ascii))
    }

    /// What to do instead of writing the wildcard in `text`.
    private static func advice(for text: String) -> String {
        if ["*", "*@*"].contains(text) { return "leave “recipients” out for every address" }
        // `*@*.example.com` means the subdomains as well.
        let domain = text.hasPrefix("*@") ? text.dropFirst(2) : text[...]
        let plain = domain.hasPrefix("*.") ? domain.dropFirst() : domain
        if plain.contains("*") || plain.contains("@") {
            return "write an address, a domain, or a domain with a dot before it"
        }
        let whose = plain.hasPrefix(".") ? "all subdomains" : "all addresses of the domain"
        return "write “\(plain)” for \(whose)"
    }
}

/// What is wrong with an address, and at which byte of it (from 0).
package struct AddressError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Fact: String, Sendable {
        case empty = "nothing where a mailbox was expected"
        case localPartMissing = "no local part before the @"
        case localPartTooLong = "a local part over 255 bytes"
        case localPartInvalid = "a character that a local part cannot hold unquoted"
        case quotedStringUnended = "a quoted local part without its closing quote"
        case atMissing = "no @ and domain"
        case domainInvalid = "a domain that is no host name"
        case domainTooLong = "a domain over 255 bytes, or a label over 63"
        case literalInvalid = "an address literal that is no address"
        case nonASCII = "a character beyond ASCII without SMTPUTF8"
        case invalidUTF8 = "bytes that are not UTF-8"
        case control = "a control character, or one that hides or misleads"
        case trailing = "something behind the address"
    }

    package let fact: Fact
    package let offset: Int

    package init(_ fact: Fact, at offset: Int) {
        self.fact = fact
        self.offset = offset
    }

    package var description: String { "\(fact.rawValue), at byte \(offset)" }
}

/// Why a list of addresses does not say for certain whom it names, or names who cannot be.
package enum AddressListFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// Quotes, a comment or angle brackets without their other end.
    case unended
    /// Over `AddressList.entriesMax`.
    case tooMany
    /// Two addresses in one entry, or text behind the one in angle brackets.
    case several
    /// An address stands as the name of another, without quotes.
    case addressAsName
    /// `<>`
    case nobody
    /// One was expected.
    case notOne
    case address(AddressError)

    /// For whoever wrote the list: SES's words where it has some.
    package var description: String {
        switch self {
        case .unended: "Quotes, a comment or angle brackets without their other end"
        case .tooMany: "Over \(AddressList.entriesMax) addresses"
        case .several: "More than an address without a comma between"
        case .addressAsName: "An address stands without quotes as the name of another"
        case .nobody: "Empty angle brackets"
        case .notOne: "More than one address"
        case .address(let error):
            switch error.fact {
            case .atMissing: "Missing final '@domain'"
            case .localPartMissing, .localPartTooLong, .localPartInvalid, .quotedStringUnended,
                .empty, .domainInvalid, .domainTooLong, .literalInvalid, .nonASCII, .invalidUTF8,
                .control, .trailing:
                "Invalid email address (\(error))"
            }
        }
    }
}

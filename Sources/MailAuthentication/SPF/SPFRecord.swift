/// What a domain says of who may use it, read whole before anything of it is done. RFC 7208 §4.6
struct SPFRecord: Sendable, Hashable {
    var directives: [SPFDirective] = []
    /// `redirect=`
    var redirect: MacroString?
    /// `exp=`
    var explanation: MacroString?
}

/// `[ qualifier ] mechanism`
struct SPFDirective: Sendable, Hashable {
    /// The result where the mechanism matches.
    var result: SPFResult
    var mechanism: SPFMechanism
    /// As written: printable ASCII.
    var text: String
}

/// RFC 7208 §5. A domain that is not given is the one whose record it is.
enum SPFMechanism: Sendable, Hashable {
    case all
    case include(MacroString)
    case address(MacroString?, SPFPrefixLengths)
    case exchanger(MacroString?, SPFPrefixLengths)
    case pointer(MacroString?)
    case network(SPFNetwork)
    case exists(MacroString)
}

/// `dual-cidr-length`: how many leading bits of an address count, for each version.
struct SPFPrefixLengths: Sendable, Hashable {
    var ip4 = 32
    var ip6 = 128
}

/// Why a record is none that can be used, and where. RFC 7208 §4.6
package struct SPFRecordDefect: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Fact: Sendable, Hashable {
        case notASCII
        case unknownMechanism
        case unusableArgument
        case missingDomain
        case unusableDomain
        case unusableMacro
        case unusableAddress
        case unusablePrefixLength
        case modifierTwice
        case tooManyTerms
    }

    package var fact: Fact
    /// The term as written, shortened: printable ASCII.
    package var term: String
    /// The byte of the record at which the term begins.
    package var offset: Int

    package var description: String { "\(words) in \"\(term)\" at byte \(offset)" }

    private var words: String {
        switch fact {
        case .notASCII: "a byte that is no printable ASCII"
        case .unknownMechanism: "no mechanism that SPF has"
        case .unusableArgument: "an argument that the mechanism does not take"
        case .missingDomain: "no domain where one must be"
        case .unusableDomain: "a domain that does not end as one"
        case .unusableMacro: "a macro that cannot be read"
        case .unusableAddress: "no IP address where one must be"
        case .unusablePrefixLength: "a prefix length that is none"
        case .modifierTwice: "a modifier for the second time"
        case .tooManyTerms: "more than \(SPFRecord.termsMax) terms"
        }
    }
}

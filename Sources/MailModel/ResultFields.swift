/// The header fields that a receiver writes to say what it found of a mail: a received mail that has
/// them had them before we looked at it.
package enum ResultFields {
    package enum Claim: Sendable, Hashable {
        /// Nothing in the field says whose it is, so it may be taken for ours.
        case ours
        /// Its body begins with the name of who wrote it. RFC 8601 §2.5
        case named
    }

    /// What a field of that name, in lower case, claims to be; nil where it is none of these.
    ///
    /// All of SES's fields (`X-SES-…`) are ours. So are `Received-SPF`, which need not say who
    /// checked (RFC 7208 §9.1): where we write none, the first that is found is a stranger's, and who
    /// keeps the last of a name has it in any case. And so is `Return-Path`: who delivers a mail
    /// writes the only one (RFC 5321 §4.4).
    package static func claim(_ name: String) -> Claim? {
        switch name {
        case "authentication-results": .named
        case "received-spf", "return-path": .ours
        default: name.hasPrefix("x-ses-") ? .ours : nil
        }
    }
}

package import DNS
package import MailModel

/// The words for `iprev`. RFC 8601 §2.7.3
package enum ReverseLookupResult: String, Sendable, Hashable {
    case pass
    /// The client's name does not lead back to its address.
    case fail
    /// The DNS did not answer; it may later.
    case temperror
    /// The client's address has no name.
    case permerror
}

/// What `iprev` says of a client. RFC 8601 §3
package enum ReverseLookup: Sendable, Hashable {
    case found(ConfirmedName)
    /// The text says why.
    case failed(String)

    package var result: ReverseLookupResult {
        switch self {
        case .found(.confirmed): .pass
        case .found(.unconfirmed): .fail
        case .found(.absent): .permerror
        case .failed: .temperror
        }
    }

    /// The name that leads back.
    package var name: Domain? {
        if case .found(.confirmed(let name)) = self { name } else { nil }
    }
}

extension ReverseLookup: CustomStringConvertible {
    package var description: String {
        switch self {
        case .found(.confirmed(let name)): "\(name) leads back to the address"
        case .found(.unconfirmed(let name)): "\(name) does not lead back to the address"
        case .found(.absent): "the address has no name"
        case .failed(let reason): reason
        }
    }
}

extension ReverseLookup {
    /// Names of the client that are asked for their addresses.
    package static let namesMax = 3
    /// After this no further question is asked.
    package static let secondsMax: Int64 = 5

    package static func check(
        _ address: IPAddress, resolver: any DNSResolver, time: any TimeSource
    ) async -> ReverseLookup {
        do throws(DNSFailure) {
            return .found(
                try await resolver.confirmedName(
                    of: address, namesMax: namesMax, seconds: secondsMax, time: time))
        } catch {
            return .failed(error.description)
        }
    }
}

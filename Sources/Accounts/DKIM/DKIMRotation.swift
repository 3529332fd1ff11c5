package import MailModel
package import Storage

/// Which of an identity's keys sign, and when others take their place: the table above
/// `DKIMKeyRecord`.
///
/// Easy DKIM has three selectors: one for the RSA key that signs, one for the Ed25519 key, and one
/// for the next of the two, whose record stands there long before it signs. The key that it follows
/// keeps its record while mails that it signed may still be looked at; then its selector holds the
/// next one.
package struct DKIMRotation: Sendable {
    /// SES: Easy DKIM's keys change so often.
    static let signsSeconds: Int64 = 90 * 86_400
    /// A new key's record is known to be published so long before it follows another: the DNS may
    /// have answered before that there is none, and is asked by many.
    static let publishedSecondsMin: Int64 = 2 * 86_400
    /// What receivers that forward a mail, and readers, have to look at its signature in once it is
    /// theirs.
    static let readSeconds: Int64 = 7 * 86_400

    package enum Step: Sendable, Hashable {
        /// It signs from now on, and these no longer do.
        case activate(selector: String, retiring: [String])
        /// Its record may go.
        case end(selector: String)
        /// Its time is over for good.
        case remove(selector: String)
        /// A new key is to be made for it.
        case renew(selector: String, DKIMKeyRecord.Algorithm)
    }

    /// What is to be done now, one thing after another until there is nothing. `inFlightSecondsMax`:
    /// how long after it was signed a mail may be handed over at the latest. `trusted`: what the clock
    /// says where it can be trusted with what cannot be undone; nil where it cannot.
    package static func step(
        _ keys: [DKIMKeyRecord], wanting origin: DKIMKeyRecord.Origin, inFlightSecondsMax: Int64,
        at now: Timestamp, trusted: Timestamp?
    ) -> Step? {
        for algorithm in DKIMKeyRecord.Algorithm.allCases {
            if let step = activation(of: algorithm, among: keys, wanting: origin, at: now) {
                return step
            }
        }
        for key in keys where key.facts.state == .retiring {
            if let trusted, key.isOlder(than: inFlightSecondsMax + readSeconds, at: trusted) {
                return .end(selector: key.selector)
            }
        }
        for key in keys where key.facts.state == .retired {
            guard key.facts.origin == .easy, origin == .easy else {
                return .remove(selector: key.selector)
            }
            return .renew(selector: key.selector, nextAlgorithm(keys))
        }
        return nil
    }

    private static func activation(
        of algorithm: DKIMKeyRecord.Algorithm, among keys: [DKIMKeyRecord],
        wanting origin: DKIMKeyRecord.Origin, at now: Timestamp
    ) -> Step? {
        let ready = keys.filter {
            $0.facts.state == .pending && $0.facts.algorithm == algorithm
                && $0.facts.origin == origin && $0.facts.foundAt != nil
        }.min { ($0.facts.createdAt, $0.selector) < ($1.facts.createdAt, $1.selector) }
        guard let ready else { return nil }
        let active = keys.filter { $0.facts.state == .active }
        let predecessor = active.first {
            $0.facts.algorithm == algorithm && $0.facts.origin == origin
        }
        if let predecessor {
            let isPublished =
                ready.facts.foundAt.map {
                    $0.advanced(bySeconds: publishedSecondsMin) <= now
                } ?? false
            // Whoever brings a key wants it to follow as soon as all can see it.
            let isTime = origin == .external || predecessor.isOlder(than: signsSeconds, at: now)
            guard isPublished, isTime else { return nil }
        }
        let retiring = active.filter {
            $0.facts.algorithm == algorithm || $0.facts.origin != origin
        }
        return .activate(selector: ready.selector, retiring: retiring.map(\.selector))
    }

    /// Selectors that Easy DKIM has for an identity.
    static let selectorsCount = 3

    /// The one that has no successor yet; of the two, the one that has signed longer.
    static func nextAlgorithm(_ keys: [DKIMKeyRecord]) -> DKIMKeyRecord.Algorithm {
        func since(_ algorithm: DKIMKeyRecord.Algorithm) -> Timestamp? {
            keys.first { $0.facts.state == .active && $0.facts.algorithm == algorithm }?.facts.since
        }
        let open = DKIMKeyRecord.Algorithm.allCases.filter { algorithm in
            !keys.contains {
                $0.facts.state == .pending && $0.facts.algorithm == algorithm
                    && $0.facts.origin == .easy
            }
        }
        let oldest = open.min { left, right in
            (since(left)?.milliseconds ?? .min) < (since(right)?.milliseconds ?? .min)
        }
        return oldest ?? .rsa
    }
}

extension DKIMKeyRecord {
    /// Whether it has been in its state for `seconds`. A clock that was set back makes nothing old.
    fileprivate func isOlder(than seconds: Int64, at now: Timestamp) -> Bool {
        facts.since.advanced(bySeconds: seconds) <= now
    }
}

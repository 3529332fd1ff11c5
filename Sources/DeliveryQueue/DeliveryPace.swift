import MailModel

/// How much one destination is given at once.
package struct DeliveryPace: Sendable, Hashable {
    /// Tries at once; at least one.
    package var widthMax: Int
    /// Tries that begin in a minute, evenly, but for those of a second, which may begin together;
    /// nil: as many as it takes.
    package var triesPerMinuteMax: Int?

    package init(widthMax: Int = 20, triesPerMinuteMax: Int? = nil) {
        self.widthMax = widthMax
        self.triesPerMinuteMax = triesPerMinuteMax
    }

    /// Before it no further try begins, where one begins at `now` that could have begun at `time`.
    func next(after time: Timestamp, now: Timestamp) -> Timestamp {
        guard let triesPerMinuteMax else { return time }
        // Rounded up: it is the most.
        let tries = Int64(max(triesPerMinuteMax, 1))
        let gap = (60_000 + tries - 1) / tries
        let earliest = now.milliseconds - max(1_000 - gap, 0)
        return Timestamp(milliseconds: max(time.milliseconds, earliest) + gap)
    }
}

/// The paces of all destinations.
package struct DeliveryPaces: Sendable, Equatable {
    package var standard: DeliveryPace
    /// By the name of the destination; a domain's pace is that of each of its subdomains, too.
    package var byDestination: [String: DeliveryPace]

    package init(
        standard: DeliveryPace = DeliveryPace(), byDestination: [String: DeliveryPace] = [:]
    ) {
        self.standard = standard
        self.byDestination = byDestination
    }

    package func pace(for destination: String) -> DeliveryPace {
        byDestination.closest(to: destination) ?? standard
    }
}

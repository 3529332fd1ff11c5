/// How much is at work at once. All at least one.
package struct DeliveryLimits: Sendable {
    /// Tries at once in all, those among them whose end is being written.
    package var triesMax: Int
    /// Destinations in memory.
    package var destinationsMax: Int
    /// Recipients of one destination that wait in memory.
    package var waitingMax: Int
    /// Bytes of mails that wait in memory: above it bodies are read again when they are tried, and
    /// mails just taken stay in the store.
    package var bytesMax: Int
    /// Recipients that one look into the store brings.
    package var fetchMax: Int
    /// Tries at once for one destination: at first, and at most.
    package var widthStart: Int
    package var widthMax: Int
    /// Destinations of which memory knows that they failed; the store knows all.
    package var restingMax: Int
    /// Tries a minute for one destination, by its name; absent: as many as it takes.
    package var triesPerMinute: [String: Int]

    package init(
        triesMax: Int = 200, destinationsMax: Int = 1_000, waitingMax: Int = 500,
        bytesMax: Int = 67_108_864, fetchMax: Int = 20, widthStart: Int = 5, widthMax: Int = 20,
        restingMax: Int = 50_000,
        triesPerMinute: [String: Int] = [:]
    ) {
        self.triesMax = triesMax
        self.destinationsMax = destinationsMax
        self.waitingMax = waitingMax
        self.bytesMax = bytesMax
        self.fetchMax = fetchMax
        self.widthStart = widthStart
        self.widthMax = widthMax
        self.restingMax = restingMax
        self.triesPerMinute = triesPerMinute
    }

    /// Between the beginnings of two tries.
    func gapMilliseconds(_ destination: String) -> Int64? {
        triesPerMinute[destination].map { 60_000 / Int64(max($0, 1)) }
    }
}

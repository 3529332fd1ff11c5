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
    /// Tries at once for one destination, at first.
    package var widthStart: Int
    /// What each destination is given at most.
    package var paces: DeliveryPaces
    /// Destinations of which memory knows that they failed; the store knows all.
    package var restingMax: Int

    package init(
        triesMax: Int = 200, destinationsMax: Int = 1_000, waitingMax: Int = 2_000,
        bytesMax: Int = 67_108_864, fetchMax: Int = 100, widthStart: Int = 5,
        paces: DeliveryPaces = DeliveryPaces(), restingMax: Int = 50_000
    ) {
        self.triesMax = triesMax
        self.destinationsMax = destinationsMax
        self.waitingMax = waitingMax
        self.bytesMax = bytesMax
        self.fetchMax = fetchMax
        self.widthStart = widthStart
        self.paces = paces
        self.restingMax = restingMax
    }
}

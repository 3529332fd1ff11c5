/// What the operator sets of receiving, as far as the flow decides by it.
package struct InboundSettings: Sendable {
    /// Our name in `Received`, and the domain of a bare `<Postmaster>`. Lower-case host name.
    package var hostname: String
    /// Mails with more bytes than this go to a body file, others into their row.
    package var bodyFileThresholdBytes: Int
    /// The header section, from the first byte to the empty line.
    package var headerBytesMax: Int
    /// `Received` lines of a mail before it counts as going in circles. RFC 5321 §6.3
    package var hopsMax: Int
    /// Bytes of one mail that may wait in memory for the disk before its session stops reading.
    package var pendingBytesMax: Int
    /// Key of the seal in `X-SES-RECEIPT`; 32 random bytes kept in the data folder.
    package var receiptKey: [UInt8]

    package init(
        hostname: String, receiptKey: [UInt8], bodyFileThresholdBytes: Int = 16_384,
        headerBytesMax: Int = 262_144, hopsMax: Int = 50, pendingBytesMax: Int = 262_144
    ) {
        self.hostname = hostname
        self.receiptKey = receiptKey
        self.bodyFileThresholdBytes = bodyFileThresholdBytes
        self.headerBytesMax = headerBytesMax
        self.hopsMax = hopsMax
        self.pendingBytesMax = pendingBytesMax
    }
}

/// The port to threads that may block: writing and syncing body files.
package protocol BlockingThreads: Sendable {
    /// Runs `work` soon on one of the threads.
    func submit(_ work: @escaping @Sendable () -> Void)
}

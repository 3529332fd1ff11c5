extension ReceiptAction {
    /// Whether it sends a mail to somebody: what a mail that is run again does only where that is asked
    /// for.
    package var sendsMail: Bool {
        switch self {
        case .forward, .relay, .bounce, .reply: true
        case .store, .invoke, .notify, .deliver, .webhook, .addHeader, .removeHeader, .tag, .reject,
            .quarantine, .stop, .drop:
            false
        }
    }
}

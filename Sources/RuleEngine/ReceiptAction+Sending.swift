extension ReceiptAction {
    /// Whether it sends a mail to somebody: what a mail that is run again does only where that is asked
    /// for.
    package var sendsMail: Bool {
        switch self {
        case .forward, .relay, .bounce, .reply: true
        default: false
        }
    }

    /// Whether its time is before a mail's 250 alone.
    package var refuses: Bool {
        if case .reject = self { true } else { false }
    }
}

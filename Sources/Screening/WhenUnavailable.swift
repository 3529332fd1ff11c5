/// What becomes of a mail whose scanner cannot be had. Its verdict says `PROCESSING_FAILED` either
/// way.
package enum WhenUnavailable: String, Sendable, CaseIterable {
    /// It goes on without.
    case goOn
    /// It waits until the scanner can be had.
    case `defer`
}

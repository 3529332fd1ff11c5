/// The port through which waiting comes in, so that tests own it.
package protocol Pause: Sendable {
    /// Returns after this time, or sooner when the task is cancelled or the process ends.
    func forMilliseconds(_ milliseconds: Int64) async
}

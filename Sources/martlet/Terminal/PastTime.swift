import ArgumentParser
import Foundation
import MailModel

/// A point in time on the command line that is over: `2026-12-01T09:00:00Z`, or how long ago: `30m`,
/// `2h`, `1d`.
struct PastTime: ExpressibleByArgument {
    let time: Timestamp

    init?(argument: String) {
        if let span = TimeSpan(argument: argument) {
            let now = Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000))
            time = now.advanced(bySeconds: -span.seconds)
            return
        }
        guard let time = Timestamp(written: argument) else { return nil }
        self.time = time
    }
}

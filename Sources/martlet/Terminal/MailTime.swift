import ArgumentParser
import Foundation
import MailModel

/// A point in time on the command line: `2026-12-01T09:00:00Z`, `2026-12-01T10:00:00+01:00`, or from
/// now on: `+30m`, `+2h`, `+1d`.
struct MailTime: ExpressibleByArgument {
    let time: Timestamp
    /// As it was written, where it is from now on.
    let relativeText: String?

    init?(argument: String) {
        relativeText = argument.hasPrefix("+") ? argument : nil
        let now = Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000))
        if argument.hasPrefix("+") {
            guard let span = TimeSpan(argument: String(argument.dropFirst())) else { return nil }
            time = now.advanced(bySeconds: span.seconds)
            return
        }
        guard let time = Timestamp(written: argument) else { return nil }
        self.time = time
    }
}

extension Timestamp {
    /// A point in time with its zone, as people write it or as it is printed, with milliseconds.
    init?(written text: String) {
        let reader = ISO8601DateFormatter()
        var date = reader.date(from: text)
        if date == nil {
            reader.formatOptions.insert(.withFractionalSeconds)
            date = reader.date(from: text)
        }
        guard let date else { return nil }
        self.init(milliseconds: Int64((date.timeIntervalSince1970 * 1_000).rounded()))
    }
}

/// A span of time on the command line: `90s`, `30m`, `2h`, `1d`.
struct TimeSpan: ExpressibleByArgument {
    private static let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]

    let seconds: Int64

    init?(argument: String) {
        guard let unit = argument.last.flatMap({ Self.units[$0] }),
            let count = Int64(argument.dropLast()), (0...1_000_000_000).contains(count)
        else { return nil }
        seconds = count * unit
    }
}

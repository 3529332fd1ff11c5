extension Timestamp {
    /// A point in time as a calendar names it, in UTC.
    private struct Calendar {
        var year: Int
        var month: Int
        var day: Int
        var weekday: Int
        var hour: Int
        var minute: Int
        var second: Int
        var millisecond: Int
    }

    /// Days to a civil date by shifting the year to begin in March, so that a leap day ends it.
    private var calendar: Calendar {
        let milliseconds = Int(self.milliseconds)
        let days = Int((Double(milliseconds) / 86_400_000).rounded(.down))
        let inDay = milliseconds - days * 86_400_000
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return Calendar(
            year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month: month,
            day: dayOfYear - (153 * monthFromMarch + 2) / 5 + 1,
            weekday: ((days + 4) % 7 + 7) % 7, hour: inDay / 3_600_000,
            minute: inDay / 60_000 % 60, second: inDay / 1000 % 60, millisecond: inDay % 1000)
    }

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    /// `Mon, 5 Aug 2019 21:29:57 +0000`. RFC 5322 §3.3
    package var rfc5322Text: String {
        dated("\(calendar.day)", zone: "+0000")
    }

    /// `Mon, 05 Aug 2019 21:29:57 GMT`. RFC 9110 §5.6.7
    package var httpText: String {
        dated(Self.two(calendar.day), zone: "GMT")
    }

    private func dated(_ day: String, zone: String) -> String {
        let time = calendar
        return "\(Self.weekdays[time.weekday]), \(day) \(Self.months[time.month - 1])"
            + " \(time.year) \(Self.two(time.hour)):\(Self.two(time.minute))"
            + ":\(Self.two(time.second)) \(zone)"
    }

    /// `20190805T212957Z`: how AWS's signatures write time. ISO 8601, basic format
    package var iso8601BasicText: String {
        let time = calendar
        return "\(time.year)\(Self.two(time.month))\(Self.two(time.day))"
            + "T\(Self.two(time.hour))\(Self.two(time.minute))\(Self.two(time.second))Z"
    }

    /// `2019-08-05T21:29:57.028Z`: how SES writes time. RFC 3339
    package var iso8601Text: String {
        let time = calendar
        let fraction = String(1000 + time.millisecond).dropFirst()
        return "\(time.year)-\(Self.two(time.month))-\(Self.two(time.day))"
            + "T\(Self.two(time.hour)):\(Self.two(time.minute)):\(Self.two(time.second))"
            + ".\(fraction)Z"
    }
}

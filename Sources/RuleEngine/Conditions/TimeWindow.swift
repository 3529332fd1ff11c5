import Foundation
import MailModel

/// Hours of days of the week, somewhere.
package struct TimeWindow: Sendable, Hashable, Codable {
    package enum Day: String, Sendable, Hashable, Codable, CaseIterable {
        case sun, mon, tue, wed, thu, fri, sat

        /// `number`: from 1 for Sunday, as Foundation's Gregorian calendar has it.
        fileprivate init(number: Int) { self = Self.allCases[number - 1] }

        fileprivate var before: Day {
            let days = Self.allCases
            guard let index = days.firstIndex(of: self) else { return self }
            return days[(index + days.count - 1) % days.count]
        }
    }

    /// Minutes since midnight, 0 to 1,439: it begins with `from` and ends before `to`. Where `from`
    /// is the later of the two it goes over midnight; where both are one, it is the whole day.
    package var from: Int
    package var to: Int
    /// On which days it begins; empty: on all.
    package var days: Set<Day>
    /// A name of the time zone database, `Europe/Berlin` for instance.
    package var zone: String

    package init(from: Int, to: Int, days: Set<Day>, zone: String) {
        self.from = from
        self.to = to
        self.days = days
        self.zone = zone
    }

    static func isZone(_ name: String) -> Bool { TimeZone(identifier: name) != nil }

    /// Nil where nobody knows the zone (any more).
    func contains(_ time: Timestamp) -> Bool? {
        guard let zone = TimeZone(identifier: zone) else { return nil }
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = zone
        let date = Date(timeIntervalSince1970: Double(time.milliseconds) / 1000)
        let parts = calendar.dateComponents([.weekday, .hour, .minute], from: date)
        guard let weekday = parts.weekday, let hour = parts.hour, let minute = parts.minute else {
            return nil
        }
        return contains(Day(number: weekday), hour * 60 + minute)
    }

    /// `minute`: since midnight of the zone.
    func contains(_ day: Day, _ minute: Int) -> Bool {
        if from < to { return (from..<to).contains(minute) && begins(on: day) }
        return minute >= from ? begins(on: day) : minute < to && begins(on: day.before)
    }

    private func begins(on day: Day) -> Bool { days.isEmpty || days.contains(day) }
}

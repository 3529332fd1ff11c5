/// What a `text/calendar` says, as far as somebody who is asked whether to come wants to know: its
/// method and its events. Reading never fails; what is no content line is passed over. RFC 5545,
/// RFC 6047 §2.4
package struct CalendarText: Sendable, Hashable {
    /// Events that are kept.
    package static let eventsMax = 100

    /// Values as written but for the escapes of texts; times are not interpreted.
    package struct Event: Sendable, Hashable {
        package fileprivate(set) var uid: String?
        package fileprivate(set) var summary: String?
        package fileprivate(set) var location: String?
        package fileprivate(set) var start: String?
        package fileprivate(set) var end: String?
        /// Of `mailto:` the address alone.
        package fileprivate(set) var organizer: String?
    }

    /// In upper case: `REQUEST`, `CANCEL`, `REPLY`, …
    package private(set) var method: String?
    package private(set) var events: [Event] = []
    /// Whether there were more than `eventsMax`.
    package private(set) var isCut = false
    /// Of each component that the reader is in whether it is an event; what is in an alarm is not the
    /// event's.
    private var components: [Bool] = []
    private var isCalendar = false

    /// Nil if no calendar object begins in `text`.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        var lines = Lines(bytes[...])
        var unfolded: [UInt8] = []
        // RFC 5545 §3.1: a line end and one space fold, wherever they stand.
        while let range = lines.next() {
            let line = bytes[range]
            if let first = line.first, first == 32 || first == 9 {
                unfolded += line.dropFirst()
            } else {
                read(unfolded)
                unfolded.removeAll(keepingCapacity: true)
                unfolded += line
            }
        }
        read(unfolded)
        guard isCalendar else { return nil }
    }

    private mutating func read(_ line: [UInt8]) {
        guard let (name, value) = Self.property(line) else { return }
        read(name, value)
    }

    private mutating func read(_ name: String, _ value: String) {
        switch name {
        case "BEGIN":
            let component = value.uppercased()
            if component == "VCALENDAR" { isCalendar = true }
            components.append(component == "VEVENT")
            guard component == "VEVENT" else { return }
            guard events.count < Self.eventsMax else { return isCut = true }
            events.append(Event())
        case "END": _ = components.popLast()
        case "METHOD": method = method ?? value.uppercased()
        default:
            guard components.last == true, !isCut, var event = events.popLast() else { return }
            event.set(name, value)
            events.append(event)
        }
    }

    /// `name *(";" param) ":" value`
    private static func property(_ line: [UInt8]) -> (name: String, value: String)? {
        var isQuoted = false
        let colon = line.firstIndex { byte in
            if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
            return byte == UInt8(ascii: ":") && !isQuoted
        }
        guard let colon else { return nil }
        let name = line[..<colon].prefix { $0 != UInt8(ascii: ";") }
        return (
            String(decoding: name, as: UTF8.self).uppercased(),
            String(decoding: line[(colon + 1)...], as: UTF8.self)
        )
    }
}

extension CalendarText.Event {
    /// The first value of a name counts.
    fileprivate mutating func set(_ name: String, _ value: String) {
        switch name {
        case "UID": uid = uid ?? value
        case "SUMMARY": summary = summary ?? Self.unescaped(value)
        case "LOCATION": location = location ?? Self.unescaped(value)
        case "DTSTART": start = start ?? value
        case "DTEND": end = end ?? value
        case "ORGANIZER":
            let isAddress = value.lowercased().hasPrefix("mailto:")
            organizer = organizer ?? (isAddress ? String(value.dropFirst(7)) : value)
        default: break
        }
    }

    /// RFC 5545 §3.3.11
    private static func unescaped(_ value: String) -> String {
        var output = ""
        var isEscaped = false
        for character in value.unicodeScalars {
            if isEscaped {
                isEscaped = false
                output.unicodeScalars.append(
                    character == "n" || character == "N" ? "\n" : character)
            } else if character == "\\" {
                isEscaped = true
            } else {
                output.unicodeScalars.append(character)
            }
        }
        return output
    }
}

extension MIMEPart {
    /// What a `text/calendar` part says; nil for all others, and for those that say nothing.
    package var calendar: CalendarText? {
        contentType.essence == "text/calendar" ? CalendarText(text()) : nil
    }
}

extension Timestamp {
    /// The point in time that a header field names; nil where it names none. Obsolete forms are
    /// read, comments and the day's name passed over, and a zone that is no number and none of the
    /// named ones counts as UTC.
    ///
    ///     date-time = [ day-name "," ] day month year hour ":" minute [ ":" second ] [ zone ]
    ///
    /// RFC 5322 §3.3, RFC 5322 §4.3
    package init?(rfc5322 text: String) {
        var words = Self.words(text)
        if words.first?.first?.isASCIIDigit == false { words.removeFirst() }
        guard words.count >= 4, let day = Self.number(words[0], in: 1...31),
            let month = Self.monthNumber(words[1]), let year = Self.year(words[2]),
            let time = Self.secondOfDay(words[3])
        else { return nil }
        let offset = words.count > 4 ? Self.offsetSeconds(words[4]) : 0
        let seconds = Self.days(year, month, day) * 86_400 + time - offset
        guard Self.secondsRead.contains(seconds) else { return nil }
        self.init(milliseconds: Int64(seconds) * 1_000)
    }

    /// The point in time that `20150830T123600Z` names, in UTC; nil where it is written otherwise.
    /// ISO 8601, basic format
    package init?(iso8601Basic text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 16, bytes[8] == UInt8(ascii: "T"), bytes[15] == UInt8(ascii: "Z"),
            let year = Self.number(bytes[0..<4], in: 1_900...9_998),
            let month = Self.number(bytes[4..<6], in: 1...12),
            let day = Self.number(bytes[6..<8], in: 1...31),
            let hour = Self.number(bytes[9..<11], in: 0...23),
            let minute = Self.number(bytes[11..<13], in: 0...59),
            let second = Self.number(bytes[13..<15], in: 0...59)
        else { return nil }
        let seconds =
            Self.days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second
        self.init(milliseconds: Int64(seconds) * 1_000)
    }

    /// From 1900 to 9998, in UTC: years of four digits, whatever the zone.
    private static let secondsRead = days(1_900, 1, 1) * 86_400..<days(9_999, 1, 1) * 86_400

    /// Bytes of a field that are looked at.
    private static let textBytesMax = 200

    /// What spaces, commas and comments part.
    private static func words(_ text: String) -> [ArraySlice<UInt8>] {
        let bytes = Array(text.utf8.prefix(textBytesMax))
        var words: [ArraySlice<UInt8>] = []
        var depth = 0
        var start = 0
        for (index, byte) in bytes.enumerated() {
            let isComment = byte == UInt8(ascii: "(") || byte == UInt8(ascii: ")")
            guard depth > 0 || isComment || byte <= 32 || byte == UInt8(ascii: ",") else {
                continue
            }
            if depth == 0, start < index { words.append(bytes[start..<index]) }
            if byte == UInt8(ascii: "(") { depth += 1 }
            if byte == UInt8(ascii: ")") { depth = max(0, depth - 1) }
            start = index + 1
        }
        if depth == 0, start < bytes.count { words.append(bytes[start...]) }
        return words
    }

    private static func number(
        _ word: some Collection<UInt8>, in range: ClosedRange<Int>
    ) -> Int? {
        guard !word.isEmpty, word.count <= 4, word.allSatisfy(\.isASCIIDigit) else { return nil }
        let value = word.reduce(0) { $0 * 10 + Int($1 - 48) }
        return range.contains(value) ? value : nil
    }

    private static func monthNumber(_ word: some Collection<UInt8>) -> Int? {
        let name = word.prefix(3).map { $0 | 0x20 }
        return months.firstIndex { $0.utf8.map { $0 | 0x20 } == name }.map { $0 + 1 }
    }

    /// Two digits are of 1950 to 2049, three of 1900 on. RFC 5322 §4.3
    private static func year(_ word: some Collection<UInt8>) -> Int? {
        guard let value = number(word, in: 0...9_999) else { return nil }
        switch word.count {
        case 2: return value < 50 ? 2_000 + value : 1_900 + value
        case 3: return 1_900 + value
        case 4: return value
        default: return nil
        }
    }

    /// A leap second counts as the one before it.
    private static func secondOfDay(_ word: some Collection<UInt8>) -> Int? {
        let parts = word.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 3, let hour = number(parts[0], in: 0...23),
            let minute = number(parts[1], in: 0...59),
            let second = parts.count == 3 ? number(parts[2], in: 0...60) : 0
        else { return nil }
        return hour * 3_600 + minute * 60 + min(second, 59)
    }

    private static func offsetSeconds(_ word: some Collection<UInt8>) -> Int {
        guard let sign = word.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"),
            let value = number(word.dropFirst(), in: 0...9_999), word.count == 5
        else { return zones[String(decoding: word, as: UTF8.self).uppercased()] ?? 0 }
        let seconds = value / 100 * 3_600 + value % 100 * 60
        return sign == UInt8(ascii: "-") ? -seconds : seconds
    }

    /// RFC 5322 §4.3
    private static let zones = [
        "EDT": -14_400, "EST": -18_000, "CDT": -18_000, "CST": -21_600, "MDT": -21_600,
        "MST": -25_200, "PDT": -25_200, "PST": -28_800,
    ]

    /// Days from 1970 to a civil date; the inverse of what writing one does. A day that its month
    /// has not is one of the next.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
            - 719_468
    }
}

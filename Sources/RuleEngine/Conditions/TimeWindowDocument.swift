import Documents
import MailModel

extension TimeWindow {
    /// Nil, and noted, where it is none.
    init?(_ value: DocumentValue) {
        guard let mapping = value.mapping(keys: ["from", "to", "days", "zone"]) else { return nil }
        let from = mapping["from"].map(Self.minutes)
        let to = mapping["to"].map(Self.minutes)
        let listed = mapping.keys.contains("days") ? mapping.required("days")?.list() : nil
        if listed?.isEmpty == true { value.noteWhole("no day stands in “days”") }
        let days = (listed ?? []).compactMap { day in
            day.choice(Day.allCases.map { ($0.rawValue, $0) })
        }
        guard let zone = Self.zone(mapping["zone"]) else { return nil }
        if (mapping["from"] == nil) != (mapping["to"] == nil) {
            value.noteWhole("“from” and “to” stand together or not at all")
        }
        if mapping["from"] == nil, mapping["days"] == nil {
            value.noteWhole("neither hours nor days stand here")
        }
        self.init(from: (from ?? 0) ?? 0, to: (to ?? 0) ?? 0, days: Set(days), zone: zone)
    }

    private static func minutes(_ value: DocumentValue) -> Int? {
        guard let text = value.string() else { return nil }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2,
            parts.allSatisfy({ $0.count == 2 && $0.utf8.allSatisfy(\.isASCIIDigit) }),
            let hour = Int(parts[0]), let minute = Int(parts[1]), hour < 24, minute < 60
        else {
            value.note("found “\(text)”, expected hours and minutes, as “08:30” (in quotes)")
            return nil
        }
        return hour * 60 + minute
    }

    private static func zone(_ value: DocumentValue?) -> String? {
        guard let value else { return "UTC" }
        guard let text = value.string() else { return nil }
        guard isZone(text) else {
            value.note("“\(text)” is no time zone, as Europe/Berlin is one")
            return nil
        }
        return text
    }
}

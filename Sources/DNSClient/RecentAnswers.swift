package import DNS
package import MailModel

/// What the DNS said lately, as long as it said that it holds, so that the same question does not
/// go through the library's thread again: for a cached answer that costs more than all else that a
/// mail asks.
///
/// Two generations, so that it is bounded without an order: when the younger one is full, the older
/// one goes, and what is asked for meanwhile moves to the younger.
package struct RecentAnswers: Sendable {
    /// Of one generation.
    package static let entriesMax = 4_096
    package static let bytesMax = 2_097_152
    /// Who has mended a zone and asks again wants to see it.
    package static let secondsMax = 300
    package static let negativeSecondsMax = 30

    package struct Question: Sendable, Hashable {
        package var name: Domain
        package var type: DNSRecordType

        package init(name: Domain, type: DNSRecordType) {
            self.name = name
            self.type = type
        }
    }

    private struct Entry {
        var answer: DNSAnswer
        var bytes: Int
        var until: UInt64
    }

    private struct Generation {
        var entries: [Question: Entry] = [:]
        var bytes = 0
    }

    private var young = Generation()
    private var old = Generation()

    package init() {}

    /// Nil where it must be asked. `now`: nanoseconds of a clock that does not jump.
    package mutating func find(_ question: Question, now: UInt64) -> DNSAnswer? {
        if let entry = young.entries[question] { return entry.until > now ? entry.answer : nil }
        guard let entry = old.entries[question], entry.until > now else { return nil }
        keep(question, entry)
        return entry.answer
    }

    /// `answer`, whose data has so many `bytes`, holds for `seconds` from `now` on. One that
    /// holds for no time, or is larger than a generation, is not kept.
    package mutating func keep(
        _ question: Question, _ answer: DNSAnswer, bytes: Int, seconds: Int, now: UInt64
    ) {
        let most =
            switch answer.content {
            case .records: Self.secondsMax
            case .noRecord, .noSuchName: Self.negativeSecondsMax
            }
        let held = min(seconds, most)
        guard held > 0, bytes <= Self.bytesMax else { return }
        let until = now + UInt64(held) * 1_000_000_000
        keep(question, Entry(answer: answer, bytes: bytes, until: until))
    }

    private mutating func keep(_ question: Question, _ entry: Entry) {
        if young.entries.count >= Self.entriesMax || young.bytes + entry.bytes > Self.bytesMax {
            old = young
            young = Generation()
        }
        let former = young.entries.updateValue(entry, forKey: question)
        young.bytes += entry.bytes - (former?.bytes ?? 0)
    }
}

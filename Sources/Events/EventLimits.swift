/// Bytes that an event has for what a mail decides the length of. They are counted in UTF-8, before
/// JSON's escapes, which make six of a byte at most.
package enum EventLimits {
    /// Header bytes that an event carries before it says `headersTruncated`. SES: 10 KB.
    package static let headerBytesMax = 10_240
    /// Bytes of `destination`, and of `commonHeaders`, before the event says `headersTruncated`.
    /// An entry comes whole or not at all.
    package static let commonBytesMax = 10_240
    /// Bytes of an answer that an event quotes.
    package static let answerBytesMax = 1_000
}

import MailModel

/// How long an endpoint has us wait, an hour at most.
struct RetryAfter {
    private static let secondsMax: Int64 = 3_600

    let seconds: Int64
    /// When it may be tried again.
    let time: Timestamp

    /// `Retry-After = HTTP-date / delay-seconds`: RFC 9110 §10.2.3. Nil where it is neither.
    init?(_ text: String?, at now: Timestamp) {
        guard let text else { return nil }
        let wanted: Int64
        if !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            wanted = Int64(text) ?? .max
        } else {
            guard let date = Timestamp(rfc5322: text) else { return nil }
            wanted = (date.milliseconds - now.milliseconds) / 1_000
        }
        seconds = min(max(wanted, 0), Self.secondsMax)
        time = now.advanced(bySeconds: seconds)
    }
}

extension HeaderParameters {
    /// One parameter of a field that we write: a quoted string where the value is printable ASCII,
    /// else RFC 2231's extended form of UTF-8.
    static func text(_ name: StaticString, _ value: String) -> String {
        if value.utf8.allSatisfy({ $0 >= 32 && $0 < 127 }) {
            return "\(name)=\(value.quotedString)"
        }
        return "\(name)*=utf-8''\(PercentEncoding.encode(value.utf8))"
    }
}

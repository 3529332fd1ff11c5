import Foundation

/// A file of DS and DNSKEY records in zone-file form: what proves answers of the DNS. Read here
/// only to say what is wrong with it and where; libunbound reads it for use, and names no line.
/// RFC 1035 §5.1, RFC 4034 §2.2, RFC 4034 §5.3
enum TrustAnchorFile {
    /// `line 3: …`, or what is wrong with the whole; nil where nothing is.
    static func problem(in text: String) -> String? {
        var count = 0
        var record: [Substring] = []
        var first = 0
        var depth = 0
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated()
        {
            let content = line.prefix { $0 != ";" }
            if depth == 0 { (record, first) = ([], index + 1) }
            depth += content.count { $0 == "(" } - content.count { $0 == ")" }
            record += content.split { $0.isWhitespace || $0 == "(" || $0 == ")" }
            guard depth <= 0, !record.isEmpty, !record[0].hasPrefix("$") else { continue }
            if let problem = problem(ofRecord: record) { return "line \(first): \(problem)" }
            count += 1
        }
        if depth > 0 { return "line \(first): its parenthesis is not closed" }
        return count == 0 ? "there is no DS or DNSKEY record in it" : nil
    }

    private static func problem(ofRecord words: [Substring]) -> String? {
        let types = ["DS", "DNSKEY"]
        guard let place = words.firstIndex(where: { types.contains($0.uppercased()) }) else {
            return "no DS or DNSKEY record"
        }
        let data = words[(place + 1)...]
        guard data.count >= 4 else { return "the record has too few fields" }
        let numbers = data.prefix(3).map { UInt16($0) }
        let rest = data.dropFirst(3).joined()
        guard numbers.allSatisfy({ $0 != nil }), let second = numbers[1], let third = numbers[2],
            second <= 255, third <= 255
        else { return "the first three fields are no numbers, or too large" }
        if words[place].uppercased() == "DS" {
            let isDigest =
                !rest.isEmpty && rest.utf8.count.isMultiple(of: 2)
                && rest.allSatisfy { $0.isHexDigit }
            return isDigest ? nil : "the digest is not hexadecimal"
        }
        return Data(base64Encoded: rest) == nil ? "the key is not base64" : nil
    }
}

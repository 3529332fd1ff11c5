/// What a report is packed in: gzip (RFC 1952), ZIP with one file, or nothing. Names and types lie,
/// so the first bytes say which. RFC 9990 §4.1, RFC 8460 §5.1
package enum ReportArchive {
    /// Bytes of an attachment.
    package static let packedBytesMax = 10_000_000
    /// Bytes of what it holds; a bomb is no longer.
    package static let bytesMax = 10_000_000
    /// Members of a gzip file: each wants a decompressor of its own, and may hold nothing.
    package static let membersMax = 16

    /// What `packed` holds.
    package static func contents(_ packed: [UInt8]) throws(ReportRefusal) -> [UInt8] {
        guard packed.count <= packedBytesMax else {
            throw ReportRefusal(
                "the attachment", found: "\(packed.count) bytes",
                expected: "at most \(packedBytesMax)")
        }
        if packed.starts(with: [0x1F, 0x8B]) { return try gzip(packed) }
        if packed.starts(with: [0x50, 0x4B]) { return try ZipFile.firstFile(in: packed) }
        return packed
    }

    /// Members that follow one another are one file; what follows the last is passed over.
    private static func gzip(_ packed: [UInt8]) throws(ReportRefusal) -> [UInt8] {
        var output: [UInt8] = []
        var rest = packed[...]
        var members = 0
        while rest.starts(with: [0x1F, 0x8B]) {
            members += 1
            guard members <= membersMax else {
                throw ReportRefusal(
                    "the archive", found: "more than \(membersMax) members",
                    expected: "at most \(membersMax)")
            }
            let used = try Inflater.inflate(rest, form: .gzip, into: &output, bytesMax: bytesMax)
            rest = rest.dropFirst(used)
        }
        return output
    }
}

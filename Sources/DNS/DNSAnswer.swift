package import MailModel

/// What the DNS says to one question. Asked for and not answered is no answer: a `DNSFailure`.
package struct DNSAnswer: Sendable, Equatable {
    /// The data of one answer, all records together.
    package static let bytesMax = 16_384
    package static let recordsMax = 100

    package enum Content: Sendable, Equatable {
        case records([DNSRecord])
        /// The name exists, and has no record of this type.
        case noRecord
        /// NXDOMAIN: neither the name nor any below it exists. RFC 8020
        case noSuchName
    }

    package var content: Content
    /// Whether signatures prove it, from a trust anchor down. RFC 4035 §4.3
    package var isSecure: Bool
    /// The name that aliases led to from the one that was asked for; nil where it is none.
    package var target: Domain?
    /// Records that were not what their type says, and were left out.
    package var unusableCount: Int

    package init(
        _ content: Content, isSecure: Bool = false, target: Domain? = nil, unusableCount: Int = 0
    ) {
        self.content = content
        self.isSecure = isSecure
        self.target = target
        self.unusableCount = unusableCount
    }

    /// Reads the records that a resolver found. Throws `answerTooLarge`; a record that is none is
    /// left out and counted.
    package init(
        _ type: DNSRecordType, data: [[UInt8]], isSecure: Bool
    ) throws(DNSFailure) {
        guard data.count <= Self.recordsMax, data.reduce(0, { $0 + $1.count }) <= Self.bytesMax
        else { throw .answerTooLarge }
        var records: [DNSRecord] = []
        for bytes in data {
            do throws(DNSRecordError) {
                records.append(try DNSRecord(type, data: bytes))
            } catch {
                continue
            }
        }
        self.init(
            .records(records), isSecure: isSecure, unusableCount: data.count - records.count)
    }

    /// None where there is none.
    package var records: [DNSRecord] {
        switch content {
        case .records(let records): records
        case .noRecord, .noSuchName: []
        }
    }
}

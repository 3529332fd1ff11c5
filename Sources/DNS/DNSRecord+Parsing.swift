import MailModel

/// Why the bytes of a record are none of its type.
package enum DNSRecordError: Error, Sendable {
    /// They end before, or go on after, what the type says.
    case wrongLength
    /// A name that is compressed, too long, or holds what stands in no host's name.
    case unusableName
}

extension DNSRecord {
    /// RFC 1035 §2.3.4: a name on the wire, with its lengths and the root's.
    private static let nameBytesMax = 255

    /// Reads the data of one record, without compression as a resolver hands it out. Whoever owns
    /// the zone wrote it: nothing is taken that the type does not allow.
    ///
    ///     A     = 4OCTET                                    ; RFC 1035 §3.4.1
    ///     AAAA  = 16OCTET                                   ; RFC 3596 §2.2
    ///     PTR   = name                                      ; RFC 1035 §3.3.12
    ///     MX    = 2OCTET name                               ; RFC 1035 §3.3.9
    ///     TXT   = 1*(length *OCTET)                         ; RFC 1035 §3.3.14
    ///     TLSA  = usage selector matching-type *OCTET       ; RFC 6698 §2.1
    package init(
        _ type: DNSRecordType, data: some Collection<UInt8>
    ) throws(DNSRecordError) {
        let data = Array(data)[...]
        switch type {
        case .a: self = .address(try Self.address(data, bytes: 4))
        case .aaaa: self = .address(try Self.address(data, bytes: 16))
        case .ptr:
            guard let name = try Self.name(data) else { throw .unusableName }
            self = .pointer(name)
        case .mx:
            guard data.count > 2 else { throw .wrongLength }
            self = .exchange(
                preference: Int(data[0]) << 8 | Int(data[1]), host: try Self.name(data.dropFirst(2))
            )
        case .txt: self = .text(try Self.strings(data))
        case .tlsa:
            guard data.count > 3 else { throw .wrongLength }
            self = .certificate(
                TLSARecord(
                    usage: data[0], selector: data[1], matchingType: data[2],
                    data: Array(data.dropFirst(3))))
        }
    }

    private static func address(
        _ data: ArraySlice<UInt8>, bytes count: Int
    ) throws(DNSRecordError) -> IPAddress {
        guard data.count == count, let address = IPAddress(bytes: data) else { throw .wrongLength }
        return address
    }

    /// Nil: the root.
    private static func name(_ data: ArraySlice<UInt8>) throws(DNSRecordError) -> Domain? {
        guard data.count <= nameBytesMax else { throw .unusableName }
        var rest = data
        var labels: [String] = []
        while let length = rest.popFirst() {
            guard length > 0 else {
                guard rest.isEmpty else { throw .wrongLength }
                return try domain(labels)
            }
            // The two bits above are those of a compressed name. RFC 1035 §4.1.4
            guard length <= 63 else { throw .unusableName }
            guard rest.count >= length else { throw .wrongLength }
            let label = rest.prefix(Int(length))
            // A dot within a label would become a border between two.
            guard label.allSatisfy({ $0 < 0x80 && $0 != UInt8(ascii: ".") }) else {
                throw .unusableName
            }
            labels.append(String(decoding: label, as: UTF8.self))
            rest = rest.dropFirst(Int(length))
        }
        throw .wrongLength
    }

    private static func domain(_ labels: [String]) throws(DNSRecordError) -> Domain? {
        guard !labels.isEmpty else { return nil }
        do throws(DomainError) {
            return try Domain(parsing: labels.joined(separator: "."))
        } catch {
            throw .unusableName
        }
    }

    private static func strings(_ data: ArraySlice<UInt8>) throws(DNSRecordError) -> [[UInt8]] {
        var rest = data
        var strings: [[UInt8]] = []
        while let length = rest.popFirst() {
            guard rest.count >= length else { throw .wrongLength }
            strings.append(Array(rest.prefix(Int(length))))
            rest = rest.dropFirst(Int(length))
        }
        guard !strings.isEmpty else { throw .wrongLength }
        return strings
    }
}

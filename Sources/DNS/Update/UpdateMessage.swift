package import MailModel

/// A message that asks a name server to change a zone. RFC 2136 §2
package struct UpdateMessage: Sendable {
    /// Of one message; with names and texts of any length it stays below the 65,535 bytes that one
    /// has over TCP. RFC 1035 §4.2.2
    package static let changesMax = 64

    package let bytes: [UInt8]

    /// Asks for `changes` of `zone`, in their order.
    package init(id: UInt16, zone: Domain, changes: some Collection<ZoneChange>) {
        var writer = MessageWriter()
        writer.put16(id)
        writer.put16(Self.opcode << 11)
        // One zone, no prerequisite, the changes, nothing more.
        for count in [1, 0, UInt16(changes.count), 0] { writer.put16(count) }
        writer.put(zone)
        writer.put16(Self.startOfAuthority)
        writer.put16(Self.internet)
        for change in changes { Self.put(change, into: &writer) }
        bytes = writer.bytes
    }

    static let opcode: UInt16 = 5
    static let any: UInt16 = 255
    private static let startOfAuthority: UInt16 = 6
    private static let internet: UInt16 = 1
    private static let none: UInt16 = 254

    private static func put(_ change: ZoneChange, into writer: inout MessageWriter) {
        switch change {
        case .add(let record):
            writer.put(record.name)
            writer.put16(UInt16(record.record.type.rawValue))
            writer.put16(internet)
            writer.put32(UInt32(record.secondsToLive))
            writer.putCounted(record.record.wireData)
        case .remove(let name, let record):
            writer.put(name)
            writer.put16(UInt16(record.type.rawValue))
            writer.put16(none)
            writer.put32(0)
            writer.putCounted(record.wireData)
        case .removeAll(let name, let type):
            writer.put(name)
            writer.put16(UInt16(type.rawValue))
            writer.put16(any)
            writer.put32(0)
            writer.put16(0)
        }
    }
}

/// Writes numbers and names as the DNS has them on the wire. RFC 1035 §3.1
struct MessageWriter {
    private(set) var bytes: [UInt8] = []

    mutating func put16(_ value: UInt16) {
        bytes += [UInt8(value >> 8), UInt8(truncatingIfNeeded: value)]
    }

    mutating func put32(_ value: UInt32) {
        put16(UInt16(value >> 16))
        put16(UInt16(truncatingIfNeeded: value))
    }

    /// RFC 8945 §4.2: seconds since 1970.
    mutating func put48(_ value: UInt64) {
        put16(UInt16(truncatingIfNeeded: value >> 32))
        put32(UInt32(truncatingIfNeeded: value))
    }

    mutating func put(_ more: some Sequence<UInt8>) { bytes += more }

    /// Its length in two bytes, then it.
    mutating func putCounted(_ more: [UInt8]) {
        put16(UInt16(more.count))
        bytes += more
    }

    /// Without compression and in lower case, as what is signed has names. RFC 4034 §6.2
    mutating func put(_ name: Domain) { bytes += Self.wire(name) }

    static func wire(_ name: Domain) -> [UInt8] {
        name.ascii.lowercased().utf8.split(separator: UInt8(ascii: ".")).flatMap {
            [UInt8($0.count)] + $0
        } + [0]
    }
}

extension DNSRecord {
    /// The record's data on the wire; what `init(_:data:)` reads.
    package var wireData: [UInt8] {
        switch self {
        case .address(let address): return Array(address.bytes)
        case .pointer(let name): return MessageWriter.wire(name)
        case .exchange(let preference, let host):
            var writer = MessageWriter()
            writer.put16(UInt16(truncatingIfNeeded: preference))
            writer.put(host.map(MessageWriter.wire) ?? [0])
            return writer.bytes
        case .text(let strings):
            return strings.flatMap { [UInt8($0.count)] + $0 }
        case .certificate(let record):
            return [record.usage, record.selector, record.matchingType] + record.data
        }
    }
}

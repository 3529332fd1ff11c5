/// What a name server answers to an update: its code, and the signature at its end. RFC 2136 §3.8,
/// RFC 8945 §4.2
///
/// Anybody on the way may have written it; `SignedUpdate` says whether it is to be believed.
package struct UpdateAnswer: Sendable, Equatable {
    static let signatureType: UInt16 = 250
    private static let headerBytes = 12
    /// Of the records in all sections: what is an answer to an update has hardly any.
    static let recordsMax = 1_000

    /// Why bytes are no answer to an update.
    package enum Defect: Error, Sendable {
        case cutShort
        case notAnAnswer
        case unusableName
        case tooManyRecords
        /// The signature does not stand at the end, or there are two.
        case signatureInside
        case bytesBehind
    }

    package struct Signature: Sendable, Equatable {
        /// Names as on the wire, in lower case.
        package var keyName: [UInt8]
        package var algorithmName: [UInt8]
        package var signedAtSeconds: UInt64
        package var fudgeSeconds: UInt16
        package var code: [UInt8]
        package var originalID: UInt16
        package var error: UInt16
        package var other: [UInt8]
    }

    package let id: UInt16
    /// RCODE, without the bits that an OPT record may have.
    package let code: UInt8
    package let signature: Signature?
    /// The message as it was signed: without the signature, and with the id that it had.
    package let signed: [UInt8]

    package init(_ bytes: [UInt8]) throws(Defect) {
        var reader = MessageReader(bytes)
        id = try reader.take16()
        let flags = try reader.take16()
        guard flags >> 15 == 1, flags >> 11 & 0xF == UpdateMessage.opcode else {
            throw .notAnAnswer
        }
        code = UInt8(flags & 0xF)
        let (zones, prerequisites) = (try reader.take16(), try reader.take16())
        let (updates, additional) = (try reader.take16(), try reader.take16())
        let count = Int(zones) + Int(prerequisites) + Int(updates) + Int(additional)
        guard count <= Self.recordsMax else { throw .tooManyRecords }
        for _ in 0..<zones {
            _ = try reader.takeName()
            _ = try reader.take(4)
        }
        var found: Signature?
        var end = bytes.count
        for _ in 0..<Int(prerequisites) + Int(updates) + Int(additional) {
            guard found == nil else { throw .signatureInside }
            let start = reader.position
            let name = try reader.takeName()
            let type = try reader.take16()
            _ = try reader.take(6)
            let data = try reader.take(Int(try reader.take16()))
            guard type == Self.signatureType else { continue }
            end = start
            found = try Self.signature(name, data)
        }
        guard reader.isAtEnd else { throw .bytesBehind }
        guard found == nil || additional > 0 else { throw .signatureInside }
        signature = found
        signed = found.map { Self.unsigned(bytes[..<end], $0, additional) } ?? bytes
    }

    private static func signature(
        _ name: [UInt8], _ data: ArraySlice<UInt8>
    ) throws(Defect) -> Signature {
        // Names in the data are not compressed. RFC 8945 §4.2
        var reader = MessageReader(Array(data))
        let algorithm = try reader.takeName()
        let (high, low) = (try reader.take16(), try reader.take32())
        let fudge = try reader.take16()
        let code = Array(try reader.take(Int(try reader.take16())))
        let (id, error) = (try reader.take16(), try reader.take16())
        let other = Array(try reader.take(Int(try reader.take16())))
        guard reader.isAtEnd else { throw .bytesBehind }
        return Signature(
            keyName: name, algorithmName: algorithm,
            signedAtSeconds: UInt64(high) << 32 | UInt64(low), fudgeSeconds: fudge, code: code,
            originalID: id, error: error, other: other)
    }

    private static func unsigned(
        _ bytes: ArraySlice<UInt8>, _ signature: Signature, _ additional: UInt16
    ) -> [UInt8] {
        var writer = MessageWriter()
        writer.put16(signature.originalID)
        writer.put(bytes[2..<headerBytes - 2])
        writer.put16(additional - 1)
        writer.put(bytes[headerBytes...])
        return writer.bytes
    }
}

/// Takes numbers and names from a message.
struct MessageReader {
    /// Of one name: more lead in circles. A name has at most 127 labels.
    private static let jumpsMax = 127
    private static let nameBytesMax = 255

    private let bytes: [UInt8]
    private(set) var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }

    mutating func take(_ count: Int) throws(UpdateAnswer.Defect) -> ArraySlice<UInt8> {
        guard bytes.count - position >= count else { throw .cutShort }
        defer { position += count }
        return bytes[position..<position + count]
    }

    mutating func take16() throws(UpdateAnswer.Defect) -> UInt16 {
        try take(2).reduce(0) { $0 << 8 | UInt16($1) }
    }

    mutating func take32() throws(UpdateAnswer.Defect) -> UInt32 {
        try take(4).reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Without compression and in lower case. RFC 1035 §4.1.4
    mutating func takeName() throws(UpdateAnswer.Defect) -> [UInt8] {
        var name: [UInt8] = []
        var place = position
        var jumps = 0
        while true {
            guard place < bytes.count else { throw .cutShort }
            let length = Int(bytes[place])
            if length >= 0xC0 {
                guard place + 1 < bytes.count else { throw .cutShort }
                if jumps == 0 { position = place + 2 }
                let target = (length & 0x3F) << 8 | Int(bytes[place + 1])
                jumps += 1
                guard target < place, jumps <= Self.jumpsMax else { throw .unusableName }
                place = target
                continue
            }
            guard length <= 63 else { throw .unusableName }
            guard bytes.count - place > length else { throw .cutShort }
            name.append(UInt8(length))
            name += bytes[place + 1..<place + 1 + length].map {
                (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0
            }
            guard name.count <= Self.nameBytesMax else { throw .unusableName }
            place += 1 + length
            if length == 0 { break }
        }
        if jumps == 0 { position = place }
        return name
    }
}

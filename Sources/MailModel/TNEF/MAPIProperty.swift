/// A property of a message or an attachment in TNEF, with its first value. MS-OXTNEF, 2.1.3.4
struct MAPIProperty {
    /// Properties of a list that are read.
    static let propertiesMax = 10_000

    var id: Int
    private var type: Int
    var value: ArraySlice<UInt8>

    var isUnicode: Bool { type == 0x1F }
    var isObject: Bool { type == 0x0D }

    /// Those of a list, and whether it was read to its end. Named ones are left out: which they are
    /// is said by names that nobody here asks for.
    static func read(_ data: ArraySlice<UInt8>) -> ([MAPIProperty], isWhole: Bool) {
        var reader = LittleEndianReader(data)
        guard let count = reader.number32() else { return ([], false) }
        var properties: [MAPIProperty] = []
        for _ in 0..<min(count, propertiesMax) {
            guard let type = reader.number16(), let id = reader.number16(),
                id < 0x8000 || reader.skipName(), let value = reader.firstValue(of: type)
            else { return (properties, false) }
            if id < 0x8000 {
                properties.append(MAPIProperty(id: id, type: type & 0xFFF, value: value))
            }
        }
        return (properties, count <= propertiesMax)
    }
}

extension LittleEndianReader {
    /// A GUID, and a number or a name.
    fileprivate mutating func skipName() -> Bool {
        guard take(16) != nil, let kind = number32() else { return false }
        if kind == 0 { return number32() != nil }
        guard let length = number32(), take(length) != nil else { return false }
        skipPadding(behind: length)
        return true
    }

    /// Values fill four bytes each, or a multiple of them.
    private mutating func skipPadding(behind length: Int) {
        _ = take(min(left, (4 - length % 4) % 4))
    }

    /// The first of a property's values; the others are passed.
    fileprivate mutating func firstValue(of type: Int) -> ArraySlice<UInt8>? {
        let isMultiple = type & 0x1000 != 0
        let size: Int? =
            switch type & 0xFFF {
            case 0x01: 0
            case 0x02, 0x03, 0x04, 0x0A, 0x0B: 4
            case 0x05, 0x06, 0x07, 0x14, 0x40: 8
            case 0x48: 16
            case 0x0D, 0x1E, 0x1F, 0x102: nil
            default: -1
            }
        if size == -1 { return nil }
        if let size, !isMultiple { return take(size) }
        guard let count = number32(), count <= left else { return nil }
        var first: ArraySlice<UInt8>?
        for _ in 0..<count {
            guard let length = size ?? number32(), let value = take(length) else { return nil }
            if size == nil { skipPadding(behind: length) }
            first = first ?? value
        }
        return first ?? take(0)
    }
}

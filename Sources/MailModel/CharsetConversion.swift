import Glibc

/// One text on its way through iconv to UTF-8, piece by piece: beside the text itself it takes a
/// piece's memory.
struct CharsetConversion {
    private let converter: iconv_t
    private let isRepaired: Bool
    private var output: [UInt8] = []
    private static let pieceBytes = 16_384

    init(_ converter: iconv_t, isRepaired: Bool) {
        self.converter = converter
        self.isRepaired = isRepaired
    }

    /// `bytes` from the converter's first state on; nil if they are invalid and not to be repaired.
    consuming func text(_ bytes: [UInt8]) -> String? {
        iconv(converter, nil, nil, nil, nil)
        output.reserveCapacity(bytes.count + bytes.count / 2)
        let isDone = withUnsafeTemporaryAllocation(of: CChar.self, capacity: Self.pieceBytes) {
            room in
            bytes.withUnsafeBufferPointer { bytes in
                bytes.withMemoryRebound(to: CChar.self) { run($0, room) }
            }
        }
        // What iconv gives may be more than UTF-8 allows.
        return isDone ? String(decoding: output, as: UTF8.self) : nil
    }

    private mutating func run(
        _ input: UnsafeBufferPointer<CChar>, _ room: UnsafeMutableBufferPointer<CChar>
    ) -> Bool {
        // iconv asks for a pointer that could write, and only reads.
        var from = UnsafeMutablePointer(mutating: input.baseAddress)
        var left = input.count
        while left > 0 {
            let before = left
            let error = piece(&from, &left, room)
            if error == 0 || (error == E2BIG && left < before) { continue }
            guard isRepaired, error == EILSEQ || error == EINVAL else { return false }
            output += "\u{FFFD}".utf8
            from = from?.advanced(by: 1)
            left -= 1
        }
        // A character may have waited for a combining one.
        from = nil
        return piece(&from, &left, room) == 0 || isRepaired
    }

    /// Converts as much as fits into `room`; iconv's error, or 0.
    private mutating func piece(
        _ from: inout UnsafeMutablePointer<CChar>?, _ left: inout Int,
        _ room: UnsafeMutableBufferPointer<CChar>
    ) -> Int32 {
        var to = room.baseAddress
        var space = room.count
        let isFailed =
            iconv(converter, &from, &left, &to, &space) == Int(bitPattern: UInt.max)
        let error = isFailed ? errno : 0
        output += UnsafeRawBufferPointer(room)[..<(room.count - space)]
        return error
    }
}

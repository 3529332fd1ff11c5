/// The text of a mail as Outlook keeps it: RTF behind a compression of its own. MS-OXRTFCP, 2.1
///
/// | offset | bytes | |
/// |---|---|---|
/// | 0 | 4 | how many bytes follow |
/// | 4 | 4 | bytes of the RTF; not trusted |
/// | 8 | 4 | `LZFu`, or `MELA` for what is not compressed |
/// | 12 | 4 | a checksum; one that is wrong takes nothing away |
/// | 16 | | runs of a control byte and eight tokens |
enum CompressedRTF {
    /// The RTF, at most `bytesMax` bytes of it; nil for what is no such thing. Damage ends it. Takes
    /// linear time: a token of two bytes gives 17 at most.
    static func decode(_ input: ArraySlice<UInt8>, bytesMax: Int) -> [UInt8]? {
        var header = LittleEndianReader(input)
        guard let length = header.number32(), header.number32() != nil,
            let kind = header.number32(), header.number32() != nil
        else { return nil }
        let content = input[header.position...].prefix(max(0, length - 12))
        switch kind {
        case 0x414C_454D: return Array(content.prefix(bytesMax))
        case 0x7546_5A4C: return decompressed(content, bytesMax: bytesMax)
        default: return nil
        }
    }

    private static let windowBytes = 4_096

    /// What the window holds before anything was written. MS-OXRTFCP, 2.1.3.1
    private static let start = Array(
        (#"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript "#
            + #"\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"#
            + "\r\n" + #"\par \pard\plain\f0\fs20\b\i\u\tab\tx"#).utf8)

    /// Each bit of a control byte, from the lowest, says of a token whether it is a byte, or 12 bits
    /// of a place in the window and 4 of a length.
    private static func decompressed(_ input: ArraySlice<UInt8>, bytesMax: Int) -> [UInt8] {
        var window = start + [UInt8](repeating: 0, count: windowBytes - start.count)
        var position = start.count
        var output: [UInt8] = []
        func write(_ byte: UInt8) {
            output.append(byte)
            window[position] = byte
            position = (position + 1) % windowBytes
        }
        var reader = LittleEndianReader(input)
        while output.count < bytesMax, let control = reader.byte() {
            for bit in 0..<8 where output.count < bytesMax {
                guard let byte = reader.byte() else { return output }
                guard control >> bit & 1 == 1 else {
                    write(byte)
                    continue
                }
                guard let low = reader.byte() else { return output }
                let place = Int(byte) << 4 | Int(low) >> 4
                // What points at where it would be written is the end.
                if place == position { return output }
                for offset in 0..<min(Int(low & 0xF) + 2, bytesMax - output.count) {
                    write(window[(place + offset) % windowBytes])
                }
            }
        }
        return output
    }
}

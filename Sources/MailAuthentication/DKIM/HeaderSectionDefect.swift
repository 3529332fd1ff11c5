import Glibc
import MailModel

/// Why those who read a mail may take another header section for its own than the one that its
/// signatures are over: some pass such a line over, and some take it for the first of the body,
/// which then shows what nobody has signed. Lines count from 1.
package enum HeaderSectionDefect: Sendable, Hashable, CustomStringConvertible {
    /// It has no colon, or no name before it.
    case noField(line: Int)
    /// The first line begins with white space: behind fields of ours it would continue the last.
    case orphanContinuation
    /// A CR without its LF, where some see the end of a line.
    case bareCR(line: Int)
    /// A field whose name begins with two dashes, as the line before a part of MIME.
    case delimiter(line: Int)
    /// The header section ends with what was read of it, and a body follows.
    case noEmptyLine

    package var description: String {
        switch self {
        case .noField(let line): "line \(line) is no field"
        case .orphanContinuation: "its first line continues nothing"
        case .bareCR(let line): "line \(line) has a CR without LF"
        case .delimiter(let line): "line \(line) may be a delimiter of MIME"
        case .noEmptyLine: "no empty line ends it"
        }
    }
}

extension HeaderSectionDefect {
    /// The first in the bytes that `section` was read from; nil where there is none.
    init?(in bytes: [UInt8], _ section: HeaderSection) {
        var first: (offset: Int, defect: (Int) -> HeaderSectionDefect)?
        func note(_ offset: Int, _ defect: @escaping (Int) -> HeaderSectionDefect) {
            if first.map({ offset < $0.offset }) ?? true { first = (offset, defect) }
        }
        bytes.withUnsafeBytes { buffer in
            if let offset = Self.bareCR(in: buffer[..<section.length]) {
                note(offset) { .bareCR(line: $0) }
            }
        }
        for defect in section.defects {
            switch defect {
            case .noField(let offset): note(offset) { .noField(line: $0) }
            case .orphanContinuation: note(0) { _ in .orphanContinuation }
            }
        }
        for field in section.fields where bytes[field.name].starts(with: [0x2D, 0x2D]) {
            note(field.range.lowerBound) { .delimiter(line: $0) }
        }
        guard let first else { return nil }
        self = first.defect(bytes[..<first.offset].count { $0 == UInt8(ascii: "\n") } + 1)
    }

    /// The first CR that no LF follows.
    private static func bareCR(in header: Slice<UnsafeRawBufferPointer>) -> Int? {
        let bytes = header.base
        var position = header.startIndex
        while position < header.endIndex, let base = bytes.baseAddress,
            let found = memchr(base + position, 0x0D, header.endIndex - position)
        {
            let next = UnsafeRawPointer(found) - base + 1
            if next == header.endIndex || bytes[next] != UInt8(ascii: "\n") { return next - 1 }
            position = next
        }
        return nil
    }
}

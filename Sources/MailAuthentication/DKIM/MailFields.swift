import Glibc

/// The header section of a mail with every field's bytes as they came: what signatures are over.
///
/// A field is a line that begins with no white space and has a colon, and the lines after it that
/// do begin so. A line ends at LF, with a CR before it or not, as `HeaderBlock` reads it: a mail
/// must not have other fields for the verifier than for who reads it. Lines that are no field are
/// passed over, with those that continue them, and are a defect: where there is none, every reader
/// finds these fields, and the body where `length` says. RFC 5322 §2.2
package struct MailFields: Sendable {
    package struct Field: Sendable {
        /// In lower case.
        package let name: String
        /// From the name's first byte to the end of the last line, with its line end.
        package let range: Range<Int>
        /// Where the name ends, and where what follows the colon begins.
        let nameEnd: Int
        let bodyStart: Int
    }

    package let bytes: [UInt8]
    package private(set) var fields: [Field] = []
    /// Bytes up to and with the empty line; the body begins there.
    package private(set) var length = 0
    /// The first there is, as far as these bytes tell.
    package private(set) var defect: HeaderSectionDefect?
    /// Whether there is an empty line.
    package private(set) var isEnded = false
    /// The last field of each name, and for each field the one of its name before it.
    private var last: [String: Int] = [:]
    private var previous: [Int] = []

    /// Reads to the first empty line, or to the end where there is none.
    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
        last.reserveCapacity(32)
        fields.reserveCapacity(32)
        bytes.withUnsafeBytes { buffer in
            var position = 0
            var line = 1
            var open: Line?
            while position < buffer.count {
                let next = buffer.lineEnd(from: position)
                let first = buffer[position]
                if first == UInt8(ascii: "\n")
                    || first == UInt8(ascii: "\r") && next == position + 2
                        && buffer[position + 1] == UInt8(ascii: "\n")
                {
                    close(&open, at: position, in: buffer)
                    position = next
                    isEnded = true
                    break
                }
                if !first.isWhiteSpace {
                    close(&open, at: position, in: buffer)
                    open = Line(start: position, number: line)
                } else if open == nil {
                    note(.orphanContinuation)
                }
                if buffer.hasBareCR(in: position..<next) { note(.bareCR(line: line)) }
                position = next
                line += 1
            }
            close(&open, at: position, in: buffer)
            length = position
        }
    }

    /// Where a field may begin.
    private struct Line {
        var start: Int
        var number: Int
    }

    private mutating func note(_ found: HeaderSectionDefect) {
        defect = defect ?? found
    }

    private mutating func close(
        _ open: inout Line?, at end: Int, in buffer: UnsafeRawBufferPointer
    ) {
        guard let line = open else { return }
        open = nil
        let start = line.start
        let colon = buffer[start..<end].firstIndex { $0 == UInt8(ascii: ":") || $0 == 0x0A }
        guard let colon, buffer[colon] == UInt8(ascii: ":") else {
            return note(.noField(line: line.number))
        }
        var nameEnd = colon
        while nameEnd > start, buffer[nameEnd - 1].isWhiteSpace { nameEnd -= 1 }
        let nameBytes = buffer[start..<nameEnd]
        guard !nameBytes.isEmpty, nameBytes.allSatisfy({ $0 > 32 && $0 < 127 }) else {
            return note(.noField(line: line.number))
        }
        if nameBytes.starts(with: [0x2D, 0x2D]) { note(.delimiter(line: line.number)) }
        let name = bytes[start..<nameEnd].lowercasedText
        previous.append(last.updateValue(fields.count, forKey: name) ?? -1)
        fields.append(
            Field(name: name, range: start..<end, nameEnd: nameEnd, bodyStart: colon + 1))
    }

    /// The positions of all fields of that name, given in lower case, from the top.
    func all(_ name: String) -> [Int] {
        var found: [Int] = []
        var next = last[name]
        while let index = next {
            found.append(index)
            next = index.before(in: previous)
        }
        return found.reversed()
    }

    func body(of field: Field) -> ArraySlice<UInt8> {
        bytes[field.bodyStart..<field.range.upperBound]
    }

    /// The fields that a list of names stands for: each name takes the lowest instance that none
    /// before it has taken, and nothing where there is none left. RFC 6376 §5.4.2
    func selected(by names: [String], except own: Int?) -> [Int] {
        // For each name, by its last instance: the next instance that is to be taken.
        var next = Array(fields.indices)
        var chosen: [Int] = []
        chosen.reserveCapacity(names.count)
        for name in names {
            guard let head = last[name] else { continue }
            var candidate = next[head]
            if candidate >= 0, candidate == own { candidate = previous[candidate] }
            guard candidate >= 0 else { continue }
            chosen.append(candidate)
            next[head] = previous[candidate]
        }
        return chosen
    }
}

extension Int {
    fileprivate func before(in previous: [Int]) -> Int? {
        previous[self] >= 0 ? previous[self] : nil
    }
}

extension UnsafeRawBufferPointer {
    /// Behind the next LF from `position`, or the end.
    fileprivate func lineEnd(from position: Int) -> Int {
        guard let base = baseAddress,
            let found = memchr(base + position, 0x0A, count - position)
        else { return count }
        return UnsafeRawPointer(found) - base + 1
    }

    /// Whether a line, with its end, has a CR that no LF follows.
    fileprivate func hasBareCR(in line: Range<Int>) -> Bool {
        guard let base = baseAddress,
            let found = memchr(base + line.lowerBound, 0x0D, line.count)
        else { return false }
        let next = UnsafeRawPointer(found) - base + 1
        return next == line.upperBound || self[next] != 0x0A
    }
}

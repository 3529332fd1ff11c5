import MailModel

/// The header section of a mail with every field's bytes as they came: what signatures are over.
/// `HeaderSection` says what its fields are, as it does for who reads the mail; where there is no
/// defect, every other reader finds these fields, too, and the body where `length` says.
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
    package let length: Int
    /// The first there is, as far as these bytes tell.
    package let defect: HeaderSectionDefect?
    /// Whether there is an empty line.
    package let isEnded: Bool
    /// The last field of each name, and for each field the one of its name before it.
    private var last: [String: Int] = [:]
    private var previous: [Int] = []

    /// Reads to the first empty line, or to the end where there is none.
    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
        let section = bytes.withUnsafeBytes { HeaderSection($0) }
        length = section.length
        isEnded = section.isEnded
        defect = HeaderSectionDefect(in: bytes, section)
        last.reserveCapacity(section.fields.count)
        previous.reserveCapacity(section.fields.count)
        fields = section.fields.map { field in
            Field(
                name: bytes[field.name].lowercasedText, range: field.range,
                nameEnd: field.name.upperBound, bodyStart: field.body.lowerBound)
        }
        for (index, field) in fields.enumerated() {
            previous.append(last.updateValue(index, forKey: field.name) ?? -1)
        }
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

extension HeaderParameters {
    /// A value as one way of writing it gives it.
    package struct Variant: Sendable, Hashable {
        package enum Form: String, Sendable, Hashable {
            /// `name=value`
            case plain
            /// `name*=charset'language'value`
            case extended
            /// `name*0=…; name*1=…`
            case continued
        }
        package var form: Form
        /// Decoded: by its charset, or as RFC 2047's encoded words where those are met.
        package var value: String
    }

    /// The value of `name` (in lower case): of several ways that it is written in, RFC 2231's come
    /// first, and of several values the first.
    package subscript(_ name: String) -> String? {
        let variants = variants(name)
        return (variants.first { $0.form != .plain } ?? variants.first)?.value
    }

    /// As the subscript, but the bytes, with no charset decoded.
    package func bytes(_ name: String) -> [UInt8]? {
        if let whole = entries.first(where: { $0.name == name && $0.section == nil }) {
            return whole.isExtended ? Extended(whole.value).bytes : whole.value
        }
        let sections = sections(name)
        return sections.isEmpty ? nil : Extended(joining: sections).bytes
    }

    /// Every value that is written for `name` (in lower case), in the order of the field; one made
    /// of sections comes last. What hides a name from one reader shows it to another, so all are
    /// told.
    package func variants(_ name: String) -> [Variant] {
        var variants: [Variant] = []
        for entry in entries where entry.name == name && entry.section == nil {
            let value =
                entry.isExtended ? Extended(entry.value).text : EncodedWords.decode(entry.value)
            variants.append(Variant(form: entry.isExtended ? .extended : .plain, value: value))
        }
        var told: Set<String> = []
        for sections in readings(name) {
            let joined = Extended(joining: sections)
            let isEncoded = sections.contains { $0.isExtended }
            let value = isEncoded ? joined.text : EncodedWords.decode(joined.bytes)
            guard told.insert(value).inserted else { continue }
            variants.append(Variant(form: .continued, value: value))
        }
        return variants
    }

    /// By their numbers; of two with one number the first. Gaps close: RFC 2231 §3 has none, and
    /// what stands behind one shall not hide.
    private func sections(_ name: String) -> [Entry] { readings(name).first ?? [] }

    /// The ways that readers put the sections of `name` together: where two bear one number they take
    /// the first, the last or both, and where one is missing some end. The first way is ours; none
    /// where there are no sections.
    private func readings(_ name: String) -> [[Entry]] {
        let numbered = entries.filter { $0.name == name && $0.section != nil }.enumerated()
        let sorted = numbered.sorted {
            ($0.element.section ?? 0, $0.offset) < ($1.element.section ?? 0, $1.offset)
        }.map(\.element)
        guard !sorted.isEmpty else { return [] }
        var first: [Entry] = []
        var last: [Entry] = []
        for entry in sorted {
            if entry.section != first.last?.section {
                first.append(entry)
                last.append(entry)
            } else {
                last[last.count - 1] = entry
            }
        }
        let whole = first.indices.prefix { first[$0].section == $0 }
        return [first, last, sorted, Array(first[..<whole.endIndex])].filter { !$0.isEmpty }
    }

    /// `[charset] "'" [language] "'" *percent-encoded`: RFC 2231 §4.
    private struct Extended {
        var charset: String?
        var bytes: [UInt8]

        init(_ value: [UInt8]) {
            let quote = UInt8(ascii: "'")
            guard let first = value.firstIndex(of: quote),
                let second = value[(first + 1)...].firstIndex(of: quote)
            else {
                bytes = Self.percentDecoded(value[...])
                return
            }
            charset = String(decoding: value[..<first], as: UTF8.self)
            bytes = Self.percentDecoded(value[(second + 1)...])
        }

        /// The charset stands in the first section.
        init(joining sections: [Entry]) {
            bytes = []
            for (index, section) in sections.enumerated() {
                if !section.isExtended {
                    bytes += section.value
                } else if index == 0 {
                    self = Extended(section.value)
                } else {
                    bytes += Self.percentDecoded(section.value[...])
                }
            }
        }

        var text: String { MIMEText.decode(bytes, charset: charset) }

        private static func percentDecoded(_ value: ArraySlice<UInt8>) -> [UInt8] {
            var output: [UInt8] = []
            output.reserveCapacity(value.count)
            var index = value.startIndex
            while index < value.endIndex {
                if value[index] == UInt8(ascii: "%"), index + 2 < value.endIndex,
                    let high = Hexadecimal.value(value[index + 1]),
                    let low = Hexadecimal.value(value[index + 2])
                {
                    output.append(high << 4 | low)
                    index += 3
                } else {
                    output.append(value[index])
                    index += 1
                }
            }
            return output
        }
    }
}

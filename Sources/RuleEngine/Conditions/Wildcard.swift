import CRE2

/// A text in which each `*` stands for any run of characters, the empty one too. Case means nothing.
package struct Wildcard: Sendable, Hashable {
    /// In lower case.
    package let text: String
    /// What stands between the stars, in order; one piece where there is none.
    private let pieces: [[UInt8]]

    package init(_ text: String) {
        self.text = text.lowercased()
        pieces = self.text.utf8.split(
            separator: UInt8(ascii: "*"), omittingEmptySubsequences: false
        )
        .map(Array.init)
    }

    package func matches(_ text: String) -> Bool { matches(Array(text.lowercased().utf8)) }

    /// Whether the whole of `folded`, in lower case, is such a text; in time linear in it for each
    /// piece at most.
    func matches(_ folded: [UInt8]) -> Bool {
        guard let first = pieces.first, let last = pieces.last, pieces.count > 1 else {
            return folded == pieces[0]
        }
        guard folded.starts(with: first), folded.count >= first.count + last.count,
            folded.suffix(last.count).elementsEqual(last)
        else { return false }
        // Between the two ends the leftmost place of each piece leaves the most room for the next.
        var rest = folded[first.count..<(folded.count - last.count)]
        for piece in pieces[1..<(pieces.count - 1)] {
            guard let found = rest.firstRange(of: piece[...]) else { return false }
            rest = rest[found.upperBound...]
        }
        return true
    }
}

extension ArraySlice<UInt8> {
    /// Where `piece` stands first.
    func firstRange(of piece: ArraySlice<UInt8>) -> Range<Int>? {
        let found = withUnsafeBytes { bytes in piece.withUnsafeBytes { bytes.offset(of: $0) } }
        return found.map { (startIndex + $0)..<(startIndex + $0 + piece.count) }
    }
}

extension UnsafeRawBufferPointer {
    /// How far behind the beginning `piece` stands first.
    func offset(of piece: UnsafeRawBufferPointer) -> Int? {
        guard !piece.isEmpty else { return 0 }
        guard let base = baseAddress, let wanted = piece.baseAddress,
            let place = martlet_memmem(base, count, wanted, piece.count)
        else { return nil }
        return UnsafeRawPointer(place) - base
    }
}

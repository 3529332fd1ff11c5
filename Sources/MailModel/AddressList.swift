/// The addresses of a `From`, `To` or `Cc` field, as people and SES write them: display names
/// kept, `<a@b>` alone as `a@b`. Reading never fails, and takes time linear in the list. RFC 5322 §3.4
package enum AddressList {
    /// Addresses that are read of one list; what follows them is left out.
    package static let entriesMax = 10_000

    /// The bare address of each entry: what stands in its angle brackets, or the whole without its
    /// comments.
    package static func addresses(_ body: [UInt8]) -> [String] {
        pieces(body).compactMap { piece in
            let address = Angle(piece.bytes)?.address ?? withoutComments(piece.bytes)[...]
            let text = plainText(address).trimmingSpaces()
            return text.isEmpty ? nil : text
        }
    }

    /// As written, with nothing decoded.
    static func plainText(_ bytes: some Collection<UInt8>) -> String {
        String(decoding: bytes, as: UTF8.self).withControlsMarked
    }

    /// The bare address of each entry, for those who decide by it; throws where readers may differ on
    /// whom the list names. A name may hold an address in its quotes; without them only the one that
    /// it stands before, as some programs write it. An address is not validated.
    static func certainAddresses(_ body: [UInt8]) throws(AddressListFault) -> [[UInt8]] {
        var scan = Scan(body[...])
        while scan.next() != nil {}
        guard scan.isClosed else { throw .unended }
        var isGroupAddress = false
        let pieces = pieces(body) { isGroupAddress = isGroupAddress || holdsAt($0) }
        guard pieces.count < entriesMax else { throw .tooMany }
        guard !isGroupAddress else { throw .addressAsName }
        var addresses: [[UInt8]] = []
        for piece in pieces {
            if let address = try certainAddress(piece.bytes) { addresses.append(address) }
        }
        return addresses
    }

    /// Of one entry; nil where it has nothing but comments.
    private static func certainAddress(_ entry: [UInt8]) throws(AddressListFault) -> [UInt8]? {
        var before: [UInt8] = []
        var inside: [UInt8]?
        var isAngleClosed = false
        for (_, byte, place) in Scan(entry[...])
        where place != .comment && place != .escapedInComment {
            if place == .plain, byte == UInt8(ascii: "<") {
                guard inside == nil else { throw .several }
                inside = []
            } else if place == .plain, byte == UInt8(ascii: ">") {
                guard inside != nil, !isAngleClosed else { throw .unended }
                isAngleClosed = true
            } else if isAngleClosed {
                guard HeaderCursor.isSpace(byte) else { throw .several }
            } else if inside == nil {
                before.append(byte)
            } else {
                inside?.append(byte)
            }
        }
        guard (inside != nil) == isAngleClosed else { throw .unended }
        guard let inside else {
            let address = trimmed(before)
            return address.isEmpty ? nil : Array(address)
        }
        let address = trimmed(inside)
        // `<>` names nobody.
        guard !address.isEmpty else { throw .nobody }
        let isSame = trimmed(before).elementsEqual(address) {
            $0 == $1 || ($0.isASCIILetter && $0 ^ $1 == 0x20)
        }
        guard isSame || !holdsAt(before[...]) else { throw .addressAsName }
        return Array(address)
    }

    private static func trimmed(_ bytes: [UInt8]) -> ArraySlice<UInt8> {
        let rest = bytes.drop(while: HeaderCursor.isSpace)
        guard let last = rest.lastIndex(where: { !HeaderCursor.isSpace($0) }) else { return [] }
        return rest[...last]
    }

    /// Whether there is an `@` outside of quotes and comments.
    private static func holdsAt(_ bytes: ArraySlice<UInt8>) -> Bool {
        Scan(bytes).contains { $0.place == .plain && $0.byte == UInt8(ascii: "@") }
    }

    /// Each mailbox, its name and address decoded as far as can be. Obsolete syntax is read: space
    /// and comments anywhere, routes, names in comments. RFC 5322 §3.4, RFC 5322 §4.4
    package static func mailboxes(_ body: [UInt8]) -> [Entry] {
        var (groupIndex, group) = (0, String?.none)
        return pieces(body).compactMap { piece in
            // Once for all that stand in it: a long name may have thousands of them.
            if piece.groupIndex != groupIndex {
                (groupIndex, group) = (piece.groupIndex, piece.group.map { displayText($0) })
            }
            guard let angle = Angle(piece.bytes) else {
                let address = addressText(piece.bytes[...])
                guard !address.isEmpty else { return nil }
                // RFC 822 §A.1.1 names the person in a comment.
                let name = lastComment(piece.bytes).flatMap { text in
                    let name = EncodedWords.decode(text).withControlsMarked.trimmingSpaces()
                    return name.isEmpty ? nil : name
                }
                return Entry(name: name, address: address, group: group)
            }
            let name = displayText(angle.before)
            return Entry(
                name: name.isEmpty ? nil : name, address: addressText(angle.address), group: group)
        }
    }

    /// One mailbox of a list, for readers. Its address is not validated.
    package struct Entry: Sendable, Hashable {
        /// Quotes and escapes undone, encoded words decoded.
        package var name: String?
        package var address: String
        /// The name of the group that it stands in.
        package var group: String?

        package init(name: String?, address: String, group: String?) {
            self.name = name
            self.address = address
            self.group = group
        }
    }

    /// An entry's last `<…>` outside quotes and comments.
    struct Angle {
        let before: ArraySlice<UInt8>
        let address: ArraySlice<UInt8>

        init?(_ entry: [UInt8]) {
            var open: Int?
            var close: Int?
            for (index, byte, place) in Scan(entry[...]) where place == .plain {
                if byte == UInt8(ascii: "<") { (open, close) = (index, nil) }
                if byte == UInt8(ascii: ">"), close == nil { close = index }
            }
            guard let open else { return nil }
            // QUIRK: `Name <a@b`
            let end = close ?? entry.endIndex
            guard open < end else { return nil }
            before = entry[..<open]
            address = entry[(open + 1)..<end]
        }
    }

    /// A phrase as readers show it: without comments, quotes and escapes.
    static func displayText(
        _ bytes: ArraySlice<UInt8>, rawCharset: Charset? = nil
    ) -> String {
        var output: [UInt8] = []
        for (_, byte, place) in Scan(bytes) {
            switch place {
            case .plain: output.append(byte)
            case .quoted where byte != UInt8(ascii: "\""): output.append(byte)
            case .escaped: output.append(byte)
            case .quoted, .comment, .escape, .escapedInComment: break
            }
        }
        return EncodedWords.decode(output, rawCharset: rawCharset).withControlsMarked
            .trimmingSpaces()
    }

    /// `addr-spec` without comments, route, and space beside its dots and its `@`: RFC 5322 §4.4.
    private static func addressText(_ bytes: ArraySlice<UInt8>) -> String {
        var output: [UInt8] = []
        var space: [UInt8] = []
        for (_, byte, place) in Scan(bytes) {
            switch place {
            case .plain where HeaderCursor.isSpace(byte): space.append(byte)
            case .comment, .escapedInComment: break
            case .plain, .quoted, .escape, .escaped:
                // Space elsewhere makes the address invalid, and shall be seen.
                if !isJoint(byte), let last = output.last, !isJoint(last) { output += space }
                space = []
                output.append(byte)
            }
        }
        var address = output[...]
        if address.first == UInt8(ascii: "@"), let colon = address.firstIndex(of: UInt8(ascii: ":"))
        {
            address = address[(colon + 1)...]
        }
        // What has no domain is no address, but perhaps somebody's name.
        guard address.contains(UInt8(ascii: "@")) else {
            let text = displayText(bytes)
            return text.contains("@") ? plainText(bytes).trimmingSpaces() : text
        }
        return MIMEText.guess(Array(address)).withControlsMarked
    }

    private static func isJoint(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ".") || byte == UInt8(ascii: "@")
    }

    private static func lastComment(_ entry: [UInt8]) -> [UInt8]? {
        var comment: [UInt8]?
        var isInside = false
        for (_, byte, place) in Scan(entry[...]) {
            let isComment = place == .comment || place == .escapedInComment
            if isComment, !isInside { comment = [] }
            if isComment { comment?.append(byte) }
            isInside = isComment
        }
        guard var comment, comment.count >= 2 else { return nil }
        comment.removeFirst()
        if comment.last == UInt8(ascii: ")") { comment.removeLast() }
        return comment
    }

    private static func withoutComments(_ entry: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        for (_, byte, place) in Scan(entry[...])
        where place != .comment && place != .escapedInComment {
            output.append(byte)
        }
        return output
    }

    /// An entry, and the group that it stands in.
    struct Piece {
        var bytes: [UInt8] = []
        var group: ArraySlice<UInt8>?
        /// How many groups have begun or ended before it.
        var groupIndex = 0
    }

    /// Cuts at commas outside quotes, comments, angle brackets and literals, and at the `name:` and
    /// `;` of groups; at most `entriesMax` pieces, and none that is empty. `onGroup` is told the name
    /// of each group, of empty ones, too.
    static func pieces(
        _ body: [UInt8], onGroup: (ArraySlice<UInt8>) -> Void = { _ in }
    ) -> [Piece] {
        var pieces: [Piece] = []
        var current = Piece()
        var isInAngle = false
        var isInLiteral = false
        func end() {
            if !current.bytes.allSatisfy(HeaderCursor.isSpace) { pieces.append(current) }
        }
        for (_, byte, place) in Scan(body[...]) {
            guard place == .plain else {
                current.bytes.append(byte)
                continue
            }
            let isInside = isInAngle || isInLiteral
            switch byte {
            case UInt8(ascii: "<"): isInAngle = true
            case UInt8(ascii: ">"): isInAngle = false
            case UInt8(ascii: "[") where current.bytes.last == UInt8(ascii: "@"): isInLiteral = true
            case UInt8(ascii: "]"): isInLiteral = false
            case UInt8(ascii: ",") where !isInside, UInt8(ascii: ";") where !isInside:
                end()
                guard pieces.count < entriesMax else { return pieces }
                let isEnd = byte == UInt8(ascii: ";")
                current = Piece(
                    group: isEnd ? nil : current.group,
                    groupIndex: current.groupIndex + (isEnd ? 1 : 0))
                continue
            case UInt8(ascii: ":") where !isInside:
                onGroup(current.bytes[...])
                current = Piece(
                    group: current.bytes[...], groupIndex: current.groupIndex + 1)
                continue
            default: break
            }
            current.bytes.append(byte)
        }
        end()
        return pieces
    }

    /// What a byte stands in; marks count to what they open and close. A backslash is `escape`
    /// outside of comments.
    enum Place { case plain, quoted, escape, escaped, comment, escapedInComment }

    /// Each byte with its index and the place that it stands in.
    struct Scan: Sequence, IteratorProtocol {
        private let bytes: ArraySlice<UInt8>
        private var index: Int
        private var isQuoted = false
        private var isEscaped = false
        private var comments = 0

        init(_ bytes: ArraySlice<UInt8>) {
            self.bytes = bytes
            index = bytes.startIndex
        }

        /// Whether no quotes or comments are open.
        var isClosed: Bool { place == .plain }
        private var place: Place { comments > 0 ? .comment : isQuoted ? .quoted : .plain }

        mutating func next() -> (index: Int, byte: UInt8, place: Place)? {
            guard index < bytes.endIndex else { return nil }
            defer { index += 1 }
            let byte = bytes[index]
            let before = place
            if isEscaped {
                isEscaped = false
                return (index, byte, before == .comment ? .escapedInComment : .escaped)
            }
            switch byte {
            case UInt8(ascii: "\\") where before != .plain:
                isEscaped = true
                return (index, byte, before == .comment ? .comment : .escape)
            case UInt8(ascii: "\"") where comments == 0: isQuoted.toggle()
            case UInt8(ascii: "(") where !isQuoted: comments += 1
            case UInt8(ascii: ")") where comments > 0: comments -= 1
            default: break
            }
            return (index, byte, before == .plain ? place : before)
        }
    }
}

extension StringProtocol {
    func trimmingSpaces() -> String {
        var rest = Substring(self)
        while let first = rest.first, first.isWhitespace { rest.removeFirst() }
        while let last = rest.last, last.isWhitespace { rest.removeLast() }
        return String(rest)
    }
}

import Glibc

/// The header section of a mail: its bytes exactly as they came, and where its fields stand in
/// them. Reading it never fails: what is no field is kept as a defect. RFC 5322 §2.2
package struct HeaderBlock: Sendable {
    package struct Field: Sendable, Hashable {
        /// As written.
        package var name: String
        /// The body of the field without its folding's line ends and surrounding space: bytes,
        /// since a header may hold anything.
        package var body: [UInt8]
        /// Where the field stands in the block's bytes, its last line end included.
        package var range: Range<Int>

        /// The body as text; bytes that are not UTF-8 become U+FFFD.
        package var text: String { String(decoding: body, as: UTF8.self) }
        /// The body with RFC 2047's encoded words decoded where they may stand, and with U+FFFD for
        /// every control character but tabs. Other bytes that are not UTF-8 are taken for what the
        /// mail declares for its text. A list of addresses names whom it names as written.
        package var decodedText: String {
            switch FieldSyntax(of: name) {
            case .unstructured:
                EncodedWords.decode(body, rawCharset: rawCharset).withControlsMarked
            case .addresses: AddressList.text(body, rawCharset: rawCharset)
            case .structured: MIMEText.guess(body).withControlsMarked
            }
        }
        /// The body's addresses as `AddressList.entries` tells them.
        package var entries: [String] { AddressList.entries(body, rawCharset: rawCharset) }
        fileprivate var rawCharset: Charset?

        fileprivate init(_ field: HeaderSection.Field, in bytes: UnsafeRawBufferPointer) {
            let name = UnsafeRawBufferPointer(rebasing: bytes[field.name])
            self.name = String(decoding: name, as: UTF8.self)
            body = HeaderBlock.unfolded(UnsafeRawBufferPointer(rebasing: bytes[field.body]))
            range = field.range
        }
    }

    package enum Defect: Sendable, Hashable {
        /// A line without a colon, or with an invalid name, at this byte; lines that continue it
        /// belong to it.
        case noField(at: Int)
        /// The first line begins with a space: there is nothing that it continues.
        case orphanContinuation
    }

    /// All of it, to and with the empty line. Shares the array that it was read from.
    package let bytes: ArraySlice<UInt8>
    package private(set) var fields: [Field] = []
    package private(set) var defects: [Defect] = []
    /// Bytes up to and with the empty line; the body begins there.
    package var length: Int { bytes.count }

    /// Reads up to the first empty line, or to the end.
    package init(_ source: ArraySlice<UInt8>) {
        let section = source.withUnsafeBytes { HeaderSection($0) }
        self.init(section, source.prefix(section.length))
    }

    /// The same of `source`, of which nothing but the block is copied.
    package init(_ source: UnsafeRawBufferPointer) {
        let section = HeaderSection(source)
        self.init(section, Array(source.prefix(section.length))[...])
    }

    private init(_ section: HeaderSection, _ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        let hasRawBytes = bytes.withUnsafeBytes { Self.isBeyondASCII($0) }
        fields = bytes.withUnsafeBytes { bytes in
            section.fields.map { Field($0, in: bytes) }
        }
        defects = section.defects
        guard hasRawBytes, let type = first("Content-Type") else { return }
        let charset = ContentType.reading(type.body[...]).0.parameters["charset"]
        // In any other, what stands in ASCII would become something else.
        guard let rawCharset = charset.flatMap({ Charset($0) }), rawCharset.isASCIITransparent
        else { return }
        for index in fields.indices { fields[index].rawCharset = rawCharset }
    }

    private static func isBeyondASCII(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var seen: UInt64 = 0
        var index = 0
        while index + 8 <= bytes.count {
            seen |= bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            index += 8
        }
        while index < bytes.count {
            seen |= UInt64(bytes[index])
            index += 1
        }
        return seen & 0x8080_8080_8080_8080 != 0
    }

    /// A line end within the body goes alone: what it folded keeps its space.
    private static func unfolded(_ body: UnsafeRawBufferPointer) -> [UInt8] {
        var end = body.count
        while end > 0, HeaderCursor.isSpace(body[end - 1]) { end -= 1 }
        var start = 0
        while start < end, HeaderCursor.isSpace(body[start]), !isBareCR(body, start) {
            start += 1
        }
        guard start < end, let base = body.baseAddress else { return [] }
        var unfolded: [UInt8] = []
        unfolded.reserveCapacity(end - start)
        while start < end {
            let found = memchr(base + start, 10, end - start)
            let next = found.map { UnsafeRawPointer($0) - base } ?? end
            let isCRLF = next < end && next > start && body[next - 1] == 13
            unfolded += UnsafeRawBufferPointer(
                rebasing: body[start..<(isCRLF ? next - 1 : next)])
            start = next + 1
        }
        return unfolded
    }

    private static func isBareCR(_ body: UnsafeRawBufferPointer, _ index: Int) -> Bool {
        body[index] == 13 && body[index + 1] != 10
    }

    /// A field as it came, its last line end included.
    package func rawBytes(of field: Field) -> ArraySlice<UInt8> {
        bytes[
            (bytes.startIndex + field.range.lowerBound)..<(bytes.startIndex + field.range.upperBound)
        ]
    }

    /// All fields called `name`, in any case, in order.
    package func all(_ name: String) -> [Field] {
        let wanted = name.lowercased()
        // Lengths first: a header section of nothing but names has some 65,000 of them.
        return fields.filter {
            $0.name.utf8.count == wanted.utf8.count && $0.name.lowercased() == wanted
        }
    }

    package func first(_ name: String) -> Field? { all(name).first }

    /// Whether the mail asks to be sent whatever TLS the recipients' domains ask for: by a single
    /// field `TLS-Required` with the one value that there is. RFC 8689 §3
    package var isTLSWaived: Bool {
        let fields = all("TLS-Required")
        return fields.count == 1 && fields[0].text.lowercased() == "no"
    }
}

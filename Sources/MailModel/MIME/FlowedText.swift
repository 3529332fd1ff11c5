/// `text/plain; format=flowed`: lines that end in space go on in the next. RFC 3676
package enum FlowedText {
    /// `text` with its paragraphs each on one line, and LF at the ends of lines. Quoted paragraphs
    /// keep their marks, followed by a space. With `isSpaceDeleted` (`delsp=yes`) the space that
    /// tells of a flowed line goes.
    package static func unwrapped(_ text: String, isSpaceDeleted: Bool) -> String {
        var output: [UInt8] = []
        var paragraph: Paragraph?
        let bytes = Array(text.utf8)
        var lines = Lines(bytes[...])
        var isFirst = true
        func end(_ paragraph: Paragraph) {
            if !isFirst { output.append(UInt8(ascii: "\n")) }
            isFirst = false
            output += paragraph.text
        }
        while let range = lines.next() {
            var line = bytes[range]
            let depth = line.prefix { $0 == UInt8(ascii: ">") }.count
            line = line.dropFirst(depth)
            // RFC 3676 §4.4: what a generator stuffed is undone.
            if line.first == UInt8(ascii: " ") { line = line.dropFirst() }
            let isSignature = line.elementsEqual("-- ".utf8)
            // RFC 3676 §4.5: a paragraph goes on only in the same depth of quotes.
            if let open = paragraph, isSignature || open.depth != depth {
                end(open)
                paragraph = nil
            }
            var current = paragraph ?? Paragraph(depth: depth)
            // Two owners of one text would copy it for each line.
            paragraph = nil
            let isFlowed = line.last == UInt8(ascii: " ") && !isSignature
            current.text += isFlowed && isSpaceDeleted ? line.dropLast() : line
            if isFlowed {
                paragraph = current
            } else {
                end(current)
            }
        }
        if let paragraph { end(paragraph) }
        if bytes.last == UInt8(ascii: "\n") { output.append(UInt8(ascii: "\n")) }
        return String(decoding: output, as: UTF8.self)
    }

    private struct Paragraph {
        var depth: Int
        var text: [UInt8]

        init(depth: Int) {
            self.depth = depth
            text = [UInt8](repeating: UInt8(ascii: ">"), count: depth)
            if depth > 0 { text.append(UInt8(ascii: " ")) }
        }
    }
}

extension MIMEPart {
    /// As `text()`, but with LF at the ends of lines, and flowed paragraphs on one line each.
    package func readableText() -> String {
        let text = text()
        let parameters = contentType.parameters
        guard contentType.essence == "text/plain", parameters["format"]?.lowercased() == "flowed"
        else { return text.replacingLineEnds() }
        return FlowedText.unwrapped(
            text, isSpaceDeleted: parameters["delsp"]?.lowercased() == "yes")
    }
}

extension String {
    fileprivate func replacingLineEnds() -> String {
        let bytes = Array(utf8)
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count)
        for (index, byte) in bytes.enumerated() {
            let isCRLF = byte == 13 && index + 1 < bytes.count && bytes[index + 1] == 10
            if !isCRLF { output.append(byte) }
        }
        return String(decoding: output, as: UTF8.self)
    }
}

/// What a mail shows: of its parts the text to read as plain text, and the text to read as HTML.
/// `MIMEAttachments` lists what it carries. RFC 8621 §4.1.4
package struct MIMEBodies: Sendable {
    /// In order: `text/plain` where there is a choice, HTML where there is nothing else, and media
    /// that stand between.
    package private(set) var text: [MIMEPart] = []
    /// As `text`, but `text/html` where there is a choice.
    package private(set) var html: [MIMEPart] = []

    package init(_ message: MIMEMessage) {
        sort([message.root], in: "mixed", Place(isText: true, isHTML: true, isAlternative: false))
    }

    /// Which lists the parts of a multipart may still go to.
    private struct Place {
        var isText: Bool
        var isHTML: Bool
        var isAlternative: Bool
    }

    private mutating func sort(_ parts: [MIMEPart], in multipart: String, _ outer: Place) {
        var place = outer
        let texts = text.count
        let htmls = html.count
        for (position, part) in parts.enumerated() {
            let type = part.contentType
            if type.isMultipart {
                var inner = place
                inner.isAlternative = place.isAlternative || type.subtype == "alternative"
                sort(part.children, in: type.subtype, inner)
            } else if isInline(part, at: position, in: multipart) {
                add(part, in: multipart, &place)
            }
        }
        guard multipart == "alternative", place.isText, place.isHTML else { return }
        // One kind alone serves both.
        if text.count == texts, html.count != htmls { text += html[htmls...] }
        if html.count == htmls, text.count != texts { html += text[texts...] }
    }

    private mutating func add(_ part: MIMEPart, in multipart: String, _ place: inout Place) {
        let essence = part.contentType.essence
        if multipart == "alternative" {
            switch essence {
            case "text/plain": text.append(part)
            case "text/html": html.append(part)
            default: break
            }
            return
        }
        if place.isAlternative {
            if essence == "text/plain" { place.isHTML = false }
            if essence == "text/html" { place.isText = false }
        }
        if place.isText { text.append(part) }
        if place.isHTML { html.append(part) }
    }

    private func isInline(_ part: MIMEPart, at position: Int, in multipart: String) -> Bool {
        let type = part.contentType
        let isShown = type.isMedia || type.essence == "text/plain" || type.essence == "text/html"
        guard isShown, part.disposition?.type != "attachment" else { return false }
        if position == 0 { return true }
        return multipart != "related" && (type.isMedia || part.fileName == nil)
    }
}

extension ContentType {
    /// What a reader of mails shows between the text.
    fileprivate var isMedia: Bool { type == "image" || type == "audio" || type == "video" }
}

import MailModel

/// The body of a request as `multipart/form-data`: values in UTF-8, files as their bytes. RFC 7578
/// Without files it may be `application/x-www-form-urlencoded`, too.
///
/// The boundary is random, so that nobody who writes a mail knows it, and none is looked for in what
/// is sent. What stands in names and file names is encoded as browsers do, and cannot end them.
package struct FormData: Sendable {
    private struct Part {
        /// Nil of a file.
        let name: String?
        let head: String
        let content: [UInt8]
    }

    private var parts: [Part] = []

    init() {}

    mutating func add(_ name: String, _ value: String) { add(name, Array(value.utf8)) }

    mutating func add(_ name: String, _ value: [UInt8]) {
        parts.append(Part(name: name, head: Self.disposition(name), content: value))
    }

    /// `mediaType` is `type/subtype`.
    mutating func addFile(_ name: String, _ fileName: String, mediaType: String, _ bytes: [UInt8]) {
        // RFC 7578 §4.2: in UTF-8, and no filename*.
        let head =
            "\(Self.disposition(name)); filename=\"\(Self.escaped(fileName))\"\r\n"
            + "Content-Type: \(mediaType)"
        parts.append(Part(name: nil, head: head, content: bytes))
    }

    private static func disposition(_ name: String) -> String {
        "Content-Disposition: form-data; name=\"\(escaped(name))\""
    }

    /// `%XX` for what would end a quoted string or a line, and for backslashes, which some readers
    /// take for a mark. HTML: “Multipart form data”
    private static func escaped(_ text: String) -> String {
        var escaped: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 0..<32, 127, UInt8(ascii: "\""), UInt8(ascii: "\\"):
                escaped += PercentEncoding.encode([byte]).utf8
            default: escaped.append(byte)
            }
        }
        return String(decoding: escaped, as: UTF8.self)
    }

    // MARK: Writing

    package static let urlEncodedMediaType = "application/x-www-form-urlencoded"

    /// Nil where a file is among its parts, for which that has no place, or where it would have more than
    /// `bytesMax` bytes: up to three times what it says.
    package func urlEncoded(bytesMax: Int) -> [UInt8]? {
        // Known before anything is copied: a mail's text may have many megabytes.
        let contentBytes = parts.reduce(0) { $0 + PercentEncoding.encodedBytes(of: $1.content) }
        guard contentBytes <= bytesMax else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(contentBytes)
        for part in parts {
            guard let name = part.name else { return nil }
            if !bytes.isEmpty { bytes.append(UInt8(ascii: "&")) }
            bytes += "\(PercentEncoding.encode(name.utf8))=".utf8
            bytes += PercentEncoding.encode(part.content).utf8
        }
        return bytes.count <= bytesMax ? bytes : nil
    }

    /// Bytes of the random part of a boundary.
    package static let boundaryRandomBytes = 16

    package static func mediaType(boundary: String) -> String {
        "multipart/form-data; boundary=\(boundary)"
    }

    /// `random` has `boundaryRandomBytes`. RFC 2046 §5.1.1: at most 70 characters
    package static func boundary(_ random: [UInt8]) -> String {
        "martlet-\(Hexadecimal.text(random))"
    }

    package func bytes(boundary: String) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(
            parts.reduce(100) { $0 + $1.head.utf8.count + $1.content.count + boundary.count + 10 })
        for part in parts {
            bytes += "--\(boundary)\r\n\(part.head)\r\n\r\n".utf8
            bytes += part.content
            bytes += "\r\n".utf8
        }
        bytes += "--\(boundary)--\r\n".utf8
        return bytes
    }
}

import Foundation

/// Where a mail's bytes come from.
enum MailSource {
    /// Bytes that are read at most: more than any server takes.
    static let bytesMax = 268_435_456

    typealias Failure = InputFile.Failure

    /// The bytes of a file; `-` is standard input.
    static func read(_ path: String) throws(Failure) -> Data {
        let file = try InputFile(path)
        var content = Data()
        while content.count <= bytesMax, let piece = try file.next() { content += piece }
        guard content.count <= bytesMax else {
            throw Failure(description: "\(path) has over \(bytesMax) bytes")
        }
        return content
    }

    /// The bytes of a file as text.
    static func text(_ path: String) throws(Failure) -> String {
        guard let text = String(validating: try read(path), as: UTF8.self) else {
            throw Failure(description: "\(path) is no UTF-8 text")
        }
        return text
    }
}

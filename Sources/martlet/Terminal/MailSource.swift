import Foundation

/// Where a mail's bytes come from.
enum MailSource {
    /// Bytes that are read at most: more than any server takes.
    static let bytesMax = 268_435_456

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// The bytes of a file; `-` is standard input.
    static func read(_ path: String) throws(Failure) -> Data {
        let file = path == "-" ? FileHandle.standardInput : FileHandle(forReadingAtPath: path)
        guard let file else { throw Failure(description: "\(path) cannot be read") }
        var content = Data()
        do {
            while let piece = try file.read(upToCount: 1 << 16), !piece.isEmpty {
                content.append(piece)
                guard content.count <= bytesMax else {
                    throw Failure(description: "\(path) has over \(bytesMax) bytes")
                }
            }
        } catch let failure as Failure {
            throw failure
        } catch {
            throw Failure(description: "\(path) cannot be read: \(error.localizedDescription)")
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

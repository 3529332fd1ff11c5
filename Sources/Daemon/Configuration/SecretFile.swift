import Foundation
import Glibc

/// A file with secrets that the configuration names: what stands there is the operator's to write,
/// and nobody's to read but the server's user and, where the operator gives it one, a group.
package struct SecretFile: Sendable, Equatable {
    /// Says nothing of what stands in the file.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// `webhooks.tickets.secretFile`
    package var setting: String
    package var path: String

    /// The lines that are not empty, without the blanks around them.
    static func lines(_ path: String) throws(Failure) -> [String] {
        if let reason = SettingReader.reasonAgainst(path, R_OK) {
            throw Failure(description: "\(path): \(reason)")
        }
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw Failure(description: "\(path) is no text in UTF-8")
        }
        return text.split(whereSeparator: \.isNewline)
            .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }

    /// Read and write, for all but the owner and the group.
    private static let openToAll: UInt32 = 0o006

    /// Nil where its mode keeps others out, or cannot be seen. Folders above it are not looked at:
    /// they are changed for other reasons than this file's.
    var warning: String? {
        // What a link leads to, not the link.
        let real = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        let attributes = try? FileManager.default.attributesOfItem(atPath: real)
        guard let mode = (attributes?[.posixPermissions] as? NSNumber)?.uint32Value,
            mode & Self.openToAll != 0
        else { return nil }
        return "\(setting): \(path) is open to everybody on this machine "
            + "(mode 0\(String(mode, radix: 8))): chmod o= \(path)"
    }
}

/// The files with secrets that were read, in their order.
final class SecretFiles {
    private(set) var files: [SecretFile] = []

    func add(_ path: String, at setting: String) {
        files.append(SecretFile(setting: setting, path: path))
    }
}

import Foundation

/// Reads what the sets are made of.
enum SuiteFiles {
    static func bytes(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    /// Halves of surrogate pairs, which are no text, become U+FFFD.
    static func json(_ path: String) throws -> Any {
        let text = String(decoding: try bytes(path), as: UTF8.self)
        let whole = text.replacing(
            /\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])/, with: "\\ufffd")
        return try JSONSerialization.jsonObject(with: Data(whole.utf8))
    }

    /// The files below `folder` whose names end so, by their paths from there, in order.
    static func paths(in folder: String, ending: String) throws -> [String] {
        let files = FileManager.default
        return try files.subpathsOfDirectory(atPath: folder).filter { path in
            var isFolder: ObjCBool = false
            return path.hasSuffix(ending)
                && files.fileExists(atPath: "\(folder)/\(path)", isDirectory: &isFolder)
                && !isFolder.boolValue
        }.sorted()
    }

    /// The mail with the line ends of Unix.
    static func withLF(_ bytes: [UInt8]) -> [UInt8] {
        bytes.indices.filter { index in
            bytes[index] != 13 || index + 1 == bytes.count || bytes[index + 1] != 10
        }.map { bytes[$0] }
    }

    /// The mail with the line ends that mails have.
    static func withCRLF(_ bytes: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count + bytes.count / 20)
        for (index, byte) in bytes.enumerated() {
            if byte == 10, index == 0 || bytes[index - 1] != 13 { output.append(13) }
            output.append(byte)
        }
        return output
    }
}

/// Contents as results show them: in one line, and short.
enum Shown {
    static func text(_ text: String) -> String {
        let escaped = text.unicodeScalars.map { scalar in
            scalar.value < 32 || scalar == "|" || (127...159).contains(scalar.value)
                || (0x2028...0x202F).contains(scalar.value)
                ? "\\\(String(scalar.value, radix: 16))." : String(scalar)
        }.joined()
        guard escaped.count > 60 else { return "'\(escaped)'" }
        return "'\(escaped.prefix(40))…' \(bytes(Array(text.utf8)))"
    }

    static func bytes(_ bytes: [UInt8]) -> String {
        let hash = bytes.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
            ($0 ^ UInt64($1)) &* 0x100_0000_01b3
        }
        return "\(bytes.count) bytes \(String(hash, radix: 16))"
    }
}

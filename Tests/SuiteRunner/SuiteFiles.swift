import Foundation

/// Reads what the sets are made of.
enum SuiteFiles {
    static func bytes(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    static func json(_ path: String) throws -> Any {
        try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path)))
    }

    /// The files below `folder` whose names end so, by their paths from there, in order.
    static func paths(in folder: String, ending: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: folder)
            .filter { $0.hasSuffix(ending) }.sorted()
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

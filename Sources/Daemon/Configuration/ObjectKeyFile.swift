import Foundation
import Glibc
package import ObjectStorage

/// A file with the keys that objects are sealed under.
package enum ObjectKeyFile {
    /// Says nothing of what stands in the file.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    package static func keys(_ path: String) throws(Failure) -> ObjectKeys {
        if let reason = SettingReader.reasonAgainst(path, R_OK) {
            throw Failure(description: "\(path): \(reason)")
        }
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        guard let keys = ObjectKeys(file: text) else {
            throw Failure(
                description: "\(path) has no keys, or something else: 1 to \(ObjectKeys.keysMax) "
                    + "lines of \(ObjectKeys.keyBytes) bytes in base64, no two the same "
                    + "(openssl rand -base64 \(ObjectKeys.keyBytes))")
        }
        return keys
    }
}

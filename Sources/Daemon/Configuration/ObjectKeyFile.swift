package import ObjectStorage

/// A file with the keys that objects are sealed under.
package enum ObjectKeyFile {
    package static func keys(_ path: String) throws(SecretFile.Failure) -> ObjectKeys {
        guard let keys = ObjectKeys(lines: try SecretFile.lines(path)) else {
            throw SecretFile.Failure(
                description: "\(path) has no keys, or something else: 1 to \(ObjectKeys.keysMax) "
                    + "lines of \(ObjectKeys.keyBytes) bytes in base64, no two the same "
                    + "(openssl rand -base64 \(ObjectKeys.keyBytes))")
        }
        return keys
    }
}

package import Glibc

/// One entry of the system's groups.
package struct GroupEntry: Sendable, Equatable {
    package let name: String
    package let id: gid_t

    /// Bytes of an entry's texts; its members are among them.
    private static let textBytesMax = 1_048_576

    /// Nil where no group is called that.
    init?(name: String) {
        var entry = group()
        var found: UnsafeMutablePointer<group>?
        var texts = [CChar](repeating: 0, count: Self.textBytesMax)
        guard getgrnam_r(name, &entry, &texts, texts.count, &found) == 0, found != nil else {
            return nil
        }
        self.name = name
        id = entry.gr_gid
    }
}

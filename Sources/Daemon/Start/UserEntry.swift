import Glibc

/// One entry of the system's users, read by the calls that several threads may make at once.
struct UserEntry {
    let name: String
    let id: uid_t
    let group: gid_t

    /// Bytes of an entry's texts.
    private static let textBytesMax = 65_536

    /// Nil where nobody is called that.
    init?(name: String) {
        self.init { getpwnam_r(name, $0, $1, $2, $3) }
    }

    /// Nil where nobody has that number.
    init?(id: uid_t) {
        self.init { getpwuid_r(id, $0, $1, $2, $3) }
    }

    private typealias Reading = (
        UnsafeMutablePointer<passwd>, UnsafeMutablePointer<CChar>, Int,
        UnsafeMutablePointer<UnsafeMutablePointer<passwd>?>
    ) -> Int32

    private init?(_ read: Reading) {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var texts = [CChar](repeating: 0, count: Self.textBytesMax)
        let name = texts.withUnsafeMutableBufferPointer { texts -> String? in
            guard let start = texts.baseAddress, read(&entry, start, texts.count, &found) == 0,
                found != nil
            else { return nil }
            return String(cString: entry.pw_name)
        }
        guard let name else { return nil }
        self.name = name
        (id, group) = (entry.pw_uid, entry.pw_gid)
    }
}

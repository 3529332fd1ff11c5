import Glibc

/// What another user may do with files, while this thread calls.
package enum OtherUser {
    private typealias SetUser = @convention(c) (uid_t) -> Int32
    private struct Missing: Error {}

    /// Runs `body` without root's rights on files, where this process has them. Debian's user 1 owns
    /// no file that a test makes.
    package static func run(_ body: () throws -> Void) throws {
        guard geteuid() == 0 else { return try body() }
        // Of this thread alone, as libc's setuid is not. setfsuid(2)
        guard let symbol = dlsym(nil, "setfsuid") else { throw Missing() }
        let setUser = unsafeBitCast(symbol, to: SetUser.self)
        _ = setUser(1)
        defer { _ = setUser(0) }
        try body()
    }
}

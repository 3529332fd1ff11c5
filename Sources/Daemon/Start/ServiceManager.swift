import Dispatch
import Glibc

/// The service manager that watches over us, if one does. sd_notify(3)
struct ServiceManager: Sendable {
    /// Its socket: a path, or `@` and an abstract name. Nil: nobody wants to know.
    private let socketPath: String?
    /// How often it wants to hear that all is well; nil: never.
    let watchdogMicroseconds: Int?

    init(socketPath: String?, watchdogMicroseconds: Int?) {
        self.socketPath = socketPath
        self.watchdogMicroseconds = watchdogMicroseconds
    }

    /// What it says of itself is taken out of the environment.
    static func fromEnvironment() -> ServiceManager {
        func take(_ name: String) -> String? {
            defer { unsetenv(name) }
            return getenv(name).map { String(cString: $0) }
        }
        let process = take("WATCHDOG_PID")
        let interval = take("WATCHDOG_USEC").flatMap { Int($0) }
        let isForUs = process == nil || process == "\(getpid())"
        return ServiceManager(
            socketPath: take("NOTIFY_SOCKET"),
            watchdogMicroseconds: isForUs ? interval.flatMap { $0 > 0 ? $0 : nil } : nil)
    }

    /// Tells it; nobody depends on whether it hears.
    func tell(_ lines: String...) {
        guard let socketPath else { return }
        let descriptor = socket(
            AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var path = Array(socketPath.utf8)
        guard let first = path.first, path.count < MemoryLayout.size(ofValue: address.sun_path)
        else { return }
        if first == UInt8(ascii: "@") { path[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
        let size = socklen_t(MemoryLayout.size(ofValue: address.sun_family) + path.count)
        let text = Array(lines.joined(separator: "\n").utf8)
        _ = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, text, text.count, Int32(MSG_NOSIGNAL), $0, size)
            }
        }
    }

    /// The rules are being read anew.
    func tellReloading() {
        let now = DispatchTime.now().uptimeNanoseconds / 1_000
        tell("RELOADING=1", "MONOTONIC_USEC=\(now)")
    }
}

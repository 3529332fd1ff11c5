import Glibc
import MailModel
import NIOCore
import OutboundSMTP

extension Configuration {
    /// What mails are to leave from and this machine does not have: no connection is made from
    /// there. It may get the address later.
    package var missingAddresses: [String] {
        guard sending.isEnabled else { return [] }
        let pools = sending.pools.map { ("pool “\($0.name)”", $0.addresses) }
        return ([("delivery.addresses", sending.addresses)] + pools).flatMap { place, addresses in
            addresses.map(\.address).filter(Self.isMissing).map {
                "\(place): this machine does not have the address \($0), and no mail can leave from it"
            }
        }
    }

    /// Asked of the kernel, which may let us bind what no interface has.
    private static func isMissing(_ address: IPAddress) -> Bool {
        guard let place = try? SocketAddress(ipAddress: "\(address)", port: 0) else { return true }
        let type = Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(address.isIPv6 ? AF_INET6 : AF_INET, type, 0)
        guard descriptor >= 0 else { return errno == EAFNOSUPPORT }
        defer { close(descriptor) }
        let result = place.withSockAddr { bind(descriptor, $0, socklen_t($1)) }
        return result != 0 && errno == EADDRNOTAVAIL
    }
}

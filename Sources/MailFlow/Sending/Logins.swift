package import Accounts
package import MailModel
import Storage
import Synchronization

/// Who may log in: an access key, from a network whose logins have not failed too often within a
/// minute, over all of its connections. Beyond that no password is looked at, and what comes then
/// does not count: nobody knows whether it was right, and those who were stay out no longer for
/// their coming. This machine, and whom an `Allow` filter names, are exempt, as from the limits of
/// connections.
package final class Logins: Sendable {
    private let credentials: Credentials
    private let filters: AddressFilters
    private let failures: Mutex<NetworkRate>
    private let time: any TimeSource

    package init(
        credentials: Credentials, failuresPerMinuteMax: Int, filters: AddressFilters,
        time: any TimeSource
    ) {
        self.credentials = credentials
        self.filters = filters
        failures = Mutex(NetworkRate(perMinuteMax: failuresPerMinuteMax))
        self.time = time
    }

    package func logIn(_ login: PasswordLogin, peerAddress: String) -> LoginOutcome {
        let network = limited(peerAddress)
        let now = time.now().milliseconds
        if let network, failures.withLock({ $0.isFull(network, at: now) }) {
            return .tooManyFailures
        }
        if let key = credentials.authenticate(id: login.user, smtpPassword: login.password) {
            return .accepted(Submitter(keyID: key.id, name: key.name))
        }
        if let network { failures.withLock { _ = $0.count(network, at: now) } }
        return .refused
    }

    /// Whom `address` is counted as; nil: as nobody.
    private func limited(_ address: String) -> Network? {
        guard let address = IPAddress(address), !address.isLoopback, !filters.allows(address)
        else { return nil }
        return Network(of: address)
    }

    /// Whether the key is there and not disabled.
    func isActive(_ keyID: String) -> Bool { credentials.isActive(keyID) }
}

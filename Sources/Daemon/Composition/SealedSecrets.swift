import Accounts
import Logging
import MailModel
import SQLStorage
import Storage

/// The key that all secrets are sealed under, and whether they open: what does not is a reason not to
/// start, unless it is to be forgotten.
struct SealedSecrets {
    let file: SecretKeyFile
    let store: SQLStore
    /// What cannot be opened is removed.
    let forgets: Bool
    let random: any RandomSource
    let log: Logger

    /// The one that is there; a new one where nothing is sealed.
    func rootKey() async throws -> RootKey {
        if let key = try readKey() { return key }
        if try await store.hasSecrets() {
            guard forgets else {
                throw file.refusal("it is missing, and the database has secrets sealed under it")
            }
            try await forgetAll()
        }
        return try file.make(random)
    }

    /// Both are read already, and read anew where something was removed.
    func check(_ credentials: Credentials, _ identities: SendingIdentities) async throws {
        switch credentials.checkSecrets().with(identities.checkSecrets()).finding {
        case .allOpen: return
        case .otherKey(let failure):
            guard forgets else { throw file.refusal("\(failure)") }
            try await forgetAll()
            try await credentials.reload()
            try await identities.reload()
        case .damaged(let failures):
            guard forgets else { throw file.refusal(failures) }
            try await credentials.removeClosedSecrets()
            try await identities.removeClosedSecrets()
            for failure in failures {
                log.warning("\(failure.place) is removed, as was asked: \(failure)")
            }
        }
    }

    /// Nil where none is there, or is any more.
    private func readKey() throws -> RootKey? {
        do throws(Server.Failure) {
            return try file.read()
        } catch {
            guard forgets else { throw error }
            let aside = try file.setAside()
            log.warning("a file that is no key is set aside, as was asked: it is \(aside) now")
            return nil
        }
    }

    private func forgetAll() async throws(StorageFailure) {
        try await store.forgetSecrets()
        log.warning(
            "all access keys and DKIM keys are removed: they could not be opened, as was asked")
    }
}

package import Accounts
import Documents
import Storage

/// What an operator asks about access keys.
package struct AccessKeyOperations: Sendable {
    private let credentials: Credentials

    package init(_ credentials: Credentials) {
        self.credentials = credentials
    }

    /// What is asked, where anybody signs in with a key at all.
    static func configured(
        _ keys: AccessKeyOperations?
    ) throws(ControlFailure) -> AccessKeyOperations {
        guard let keys else {
            throw ControlFailure(
                .invalid,
                "nobody signs in: the configuration has neither “sending: {enabled: true}” nor “s3”; "
                    + "with one of them, start the server anew")
        }
        return keys
    }

    func answer(_ request: AccessKeyRequest) async throws -> ControlAnswer {
        switch request {
        case .create(let name): .sending(.newAccessKey(try await create(name)))
        case .list: .sending(.accessKeys(credentials.records.map(AccessKeyView.init)))
        case .setActive(let isActive, let id): try await setActive(isActive, id)
        case .delete(let id): try await delete(id)
        }
    }

    private func create(_ name: String) async throws -> NewAccessKeyView {
        do throws(Credentials.Problem) {
            return NewAccessKeyView(try await credentials.create(name: name))
        } catch {
            switch error {
            case .full:
                throw ControlFailure(
                    .invalid,
                    "there are \(Credentials.keysMax) access keys already: delete some that nobody uses "
                        + "(martlet credentials, martlet credentials delete ID)")
            case .badName:
                throw ControlFailure(
                    .invalid,
                    "a name has 1 to \(Credentials.nameLengthMax) characters on one line")
            case .storage(let failure): throw failure
            }
        }
    }

    private func setActive(_ isActive: Bool, _ id: String) async throws -> ControlAnswer {
        guard try await credentials.setState(isActive ? .active : .inactive, of: id) else {
            throw missing(id)
        }
        return .done(
            "access key \(id) is " + (isActive ? "enabled" : "disabled: nobody signs in with it"))
    }

    private func delete(_ id: String) async throws -> ControlAnswer {
        guard try await credentials.delete(id) else { throw missing(id) }
        return .done("access key \(id) is deleted")
    }

    private func missing(_ id: String) -> ControlFailure {
        let hint = NearMiss.hint(id, among: credentials.records.map(\.id))
        let step =
            credentials.records.isEmpty
            ? "; there are none yet: martlet credentials create NAME"
            : "; martlet credentials lists all"
        return ControlFailure(
            .notFound, "there is no access key “\(id)”\(hint.isEmpty ? step : hint)")
    }
}

import Foundation
import Glibc
import Handlers
import ObjectStorage
import Storage

/// The data folder, and whose it is.
struct DataDirectory {
    private let path: String
    private let user: HandlerProgram.User?
    private let handlers: [HandlerProgram]

    init(_ configuration: Configuration) {
        path = configuration.dataDirectory
        user = configuration.user
        handlers = configuration.handlers
    }

    /// Makes it where it is missing. Others may pass through it, to the folders that handlers get;
    /// nobody may list it.
    func make() throws {
        let isMissing = access(path, F_OK) != 0
        do throws(StorageFailure) {
            try Directories.create(path, mode: 0o711)
        } catch {
            throw Server.Failure(description: "dataDirectory: it cannot be made: \(error)")
        }
        guard isMissing, let user else { return }
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        defer { close(folder) }
        guard folder >= 0, fchown(folder, user.id, user.group) == 0 else {
            throw Server.Failure(
                description: "\(path): chown: \(String(cString: strerror(errno)))")
        }
    }

    /// What is not as the server makes it, with what mends it.
    func problems() -> [String] { stranger() + openKey() }

    /// Where an earlier server ran as somebody else. Root, that stays root, may use anybody's.
    private func stranger() -> [String] {
        let id = user?.id ?? geteuid()
        guard id != 0 else { return [] }
        for name in Self.ours {
            let file = name.isEmpty ? path : "\(path)/\(name)"
            guard let owner = Self.owner(of: file), owner != id else { continue }
            let name = user?.name ?? Self.name(of: id)
            return [
                "\(file) belongs to “\(Self.name(of: owner))”, and the server "
                    + "runs as “\(name)”; give the data folder to that user: "
                    + "rm -rf \(path)/handlers && chown -R \(name): \(path)"
            ]
        }
        return []
    }

    /// Whoever reads the key opens every secret of the database, and of a backup of it.
    private func openKey() -> [String] {
        let key = "\(path)/keys/secret.key"
        let attributes = try? FileManager.default.attributesOfItem(atPath: key)
        guard attributes?[.type] as? FileAttributeType == .typeRegular,
            let mode = (attributes?[.posixPermissions] as? NSNumber)?.uint32Value,
            mode & 0o077 != 0
        else { return [] }
        return [
            "\(key) is open to others (mode 0\(String(mode, radix: 8))), and all secrets are sealed "
                + "under it: chmod 600 \(key)"
        ]
    }

    /// What we make ourselves, but for the mails' files.
    private static let ours = [
        "", "lock", "receipt.key", "handlers", "tls", "tls/self-signed.pem", "tls/self-signed.key",
        "sns", "sns/signing.key", "keys", "keys/secret.key",
        "spool", "spool/martlet.sqlite", "spool/martlet.sqlite-wal", "spool/martlet.sqlite-shm",
        "spool/bodies", "spool/damaged", "spool/objects",
    ]

    /// Nil where nothing stands there; of a link, whose the link is.
    private static func owner(of path: String) -> uid_t? {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return (attributes?[.ownerAccountID] as? NSNumber)?.uint32Value
    }

    private static func name(of id: uid_t) -> String {
        UserEntry(id: id)?.name ?? "\(id)"
    }

    func handlerFolders() throws(HandlerHelper.Failure) -> HandlerFolders {
        try HandlerFolders("\(path)/handlers", for: handlers, ownUser: user?.id ?? geteuid())
    }

    /// Whether the users of handlers may pass through it.
    var isOpenToOthers: Bool { Directories.isOpenToOthers(path) }
}

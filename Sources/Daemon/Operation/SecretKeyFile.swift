import Accounts
import Foundation
import Glibc
import MailModel
import ObjectStorage

/// `keys/secret.key` of the data folder, the key that all secrets are sealed under. It is made where
/// nothing is sealed yet, and never again by itself: what was sealed under another one is lost.
struct SecretKeyFile {
    private static let asideMax = 100
    /// What is damaged, in one message.
    private static let namedMax = 10

    private let folder: String
    private let path: String

    init(folder: String) {
        self.folder = folder
        path = "\(folder)/secret.key"
    }

    /// Nil where there is none. Throws where it cannot be read, or is no key.
    func read() throws(Server.Failure) -> RootKey? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw refusal("it cannot be read")
        }
        guard let key = RootKey(data) else {
            throw refusal("it has \(data.count) bytes, and a key has \(RootKey.bytesCount)")
        }
        return key
    }

    /// Gives a file that is no key another name, `secret.key.unusable-1` and on, and says which:
    /// it may yet be mended.
    func setAside() throws(Server.Failure) -> String {
        for number in 1...Self.asideMax {
            let aside = "\(path).unusable-\(number)"
            // Nobody else makes one: we have the lock of the data folder.
            guard (try? FileManager.default.attributesOfItem(atPath: aside)) == nil else {
                continue
            }
            guard rename(path, aside) == 0 else {
                throw Server.Failure(
                    description: "\(path): rename: \(String(cString: strerror(errno)))")
            }
            return aside
        }
        throw Server.Failure(
            description: "\(path): \(Self.asideMax) files are set aside already: remove some")
    }

    func make(_ random: any RandomSource) throws -> RootKey {
        try Directories.create(folder)
        try Directories.setMode(folder, 0o700)
        let bytes = random.bytes(RootKey.bytesCount)
        guard let key = RootKey(bytes) else {
            preconditionFailure("a key of as many bytes as it has")
        }
        try PrivateFile.write(Data(bytes), to: path)
        return key
    }

    /// Why a server does not start whose secrets cannot be opened, and what to do about it.
    func refusal(_ reason: String) -> Server.Failure {
        Server.Failure(
            description: """
                \(path): \(reason). The access keys, the private keys for DKIM and the return paths \
                of mails that have left depend on this file: put back the one that belongs to the \
                database, from a backup. If it is lost for good, “martlet serve \
                --forget-secrets” begins anew: it removes all access keys and DKIM keys, which are \
                then made and published again.
                """)
    }

    /// Why a server does not start that has the right key, and secrets which it does not open.
    func refusal(_ damaged: [SecretBox.Failure]) -> Server.Failure {
        let named = damaged.prefix(Self.namedMax).map(\.description).joined(separator: "; ")
        let more = damaged.count - Self.namedMax
        return Server.Failure(
            description: """
                \(named)\(more > 0 ? "; and \(more) more" : ""). The key in \(path) is \
                right: put back the database from a backup. If there is none, “martlet serve \
                --forget-secrets” removes what does not open and no other key; then make it anew \
                (“martlet credentials create”, “martlet identity dkim start” or “bring”).
                """)
    }
}

import Accounts
import Foundation
import MailModel
import ObjectStorage

/// `keys/secret.key` of the data folder, the key that all secrets are sealed under. It is made where
/// nothing is sealed yet, and never again by itself: what was sealed under another one is lost.
struct SecretKeyFile {
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
}

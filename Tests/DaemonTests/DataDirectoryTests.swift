import Foundation
import Glibc
import TestSupport
import Testing

@testable import Daemon

@Suite struct DataDirectoryTests {
    @Test(arguments: [0o400, 0o600, 0o604, 0o620, 0o640, 0o644] as [mode_t])
    func aKeyThatOthersReachIsRefused(_ mode: mode_t) throws {
        let folder = try ProjectFiles.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let configuration = try ConfigurationDocument.read(
            """
            hostname: mx.example.com
            dataDirectory: data
            listeners: [{address: 127.0.0.1, port: 2525}]
            """, path: "\(folder)/martlet.yaml")
        let data = DataDirectory(configuration)
        #expect(data.problems() == [])
        let file = SecretKeyFile(folder: "\(folder)/data/keys")
        _ = try file.make(CountingRandom())
        #expect(data.problems() == [])
        let key = "\(folder)/data/keys/secret.key"
        try #require(chmod(key, mode) == 0)
        guard mode & 0o077 != 0 else {
            #expect(data.problems() == [])
            return
        }
        #expect(
            data.problems() == [
                "\(key) is open to others (mode 0\(String(mode, radix: 8))), and all secrets are "
                    + "sealed under it: chmod 600 \(key)"
            ])
    }
}

import Documents
import Glibc

@testable import Daemon

/// Configurations that say one thing beside the least.
protocol ConfigurationReading {}

extension ConfigurationReading {
    /// What must stand in every configuration.
    static var least: String {
        """
        hostname: mx.example.com
        dataDirectory: data
        listeners: [{address: 127.0.0.1, port: 2525}]

        """
    }

    func read(
        _ text: String, path: String = "/etc/martlet/martlet.yaml", ourUser: uid_t = geteuid()
    ) throws(DocumentProblems) -> Configuration {
        try ConfigurationDocument.read(Self.least + text, path: path, ourUser: ourUser)
    }
}

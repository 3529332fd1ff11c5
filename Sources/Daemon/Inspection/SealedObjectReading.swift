import NIOCore
import ObjectStorage
import Storage

/// Reads objects that are encrypted, without a server.
package enum SealedObjectReading {
    /// Gives what is in the object in `file` to `take`, once all of it is known to be as it was written;
    /// answers what it was stored as, `bucket/key`.
    package static func read(
        _ file: String, keyFile: String, _ take: ([UInt8]) -> Void
    ) throws(Server.Failure) -> String {
        do {
            let object = try SealedFile(file, under: try ObjectKeyFile.keys(keyFile))
            try object.read { take(Array($0.readableBytesView)) }
            return object.name
        } catch {
            throw Server.Failure(description: "\(error)")
        }
    }
}

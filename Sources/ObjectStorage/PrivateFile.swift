package import Foundation
import Glibc
import NIOCore
package import Storage

/// A small file that nobody else may read, unless it is said: a key, a certificate, a list.
package enum PrivateFile {
    /// Writes `content` to `path`, in the place of what stands there: whole or not at all, also
    /// after a power cut, and never with another mode than `mode`. Blocks.
    package static func write(
        _ content: Data, to path: String, mode: UInt32 = 0o600
    ) throws(StorageFailure) {
        // Nobody else calls a file so.
        let fresh = "\(path).martlet-new"
        // Left by one of us who was killed.
        guard unlink(fresh) == 0 || errno == ENOENT else { throw .system("unlink", fresh) }
        do throws(StorageFailure) {
            let file = try FileDescriptor(fresh, O_WRONLY | O_CREAT | O_EXCL, mode: mode)
            // Whatever the process leaves out of a new file's mode.
            guard fchmod(file.number, mode) == 0 else { throw .system("fchmod", fresh) }
            try file.write(ByteBuffer(bytes: content))
            try file.sync()
            guard rename(fresh, path) == 0 else { throw .system("rename", fresh) }
        } catch {
            unlink(fresh)
            throw error
        }
        try FileDescriptor(folder(of: path), O_RDONLY | O_DIRECTORY).sync()
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}

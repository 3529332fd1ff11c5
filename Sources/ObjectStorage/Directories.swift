package import Glibc
package import Storage

/// Folders of ours.
package enum Directories {
    /// Makes the folder at `path` where it is missing, with `mode`, and its parents, which all may
    /// pass; and makes their entries durable, also those that were there: who made them may have
    /// been killed before its sync.
    package static func create(_ path: String, mode: mode_t = 0o700) throws(StorageFailure) {
        var parents: [(path: String, isFresh: Bool)] = []
        var current = path.hasPrefix("/") ? "/" : ""
        let parts = path.split(separator: "/")
        for (index, part) in parts.enumerated() {
            let parent = current.isEmpty ? "." : current
            current += current.isEmpty || current.hasSuffix("/") ? "\(part)" : "/\(part)"
            if mkdir(current, index == parts.count - 1 ? mode : 0o755) == 0 {
                parents.append((parent, true))
            } else if errno == EEXIST {
                parents.append((parent, false))
            } else {
                throw .system("mkdir", current)
            }
        }
        for parent in parents where parent.isFresh || isOurs(parent.path) {
            try FileDescriptor(parent.path, O_RDONLY | O_DIRECTORY).sync()
        }
    }

    /// Whether we may have made something there: what others keep is not ours to sync.
    private static func isOurs(_ path: String) -> Bool { access(path, R_OK | W_OK) == 0 }

    package static func setMode(_ path: String, _ mode: mode_t) throws(StorageFailure) {
        guard chmod(path, mode) == 0 else { throw .system("chmod", path) }
    }

    /// Whether users that are neither its owner nor of its group may pass through the folder.
    package static func isOpenToOthers(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & 0o001 != 0
    }

    /// Names in the folder at `path`, without `.` and `..`.
    static func names(in path: String) throws(StorageFailure) -> [String] {
        var names: [String] = []
        try FileDescriptor(path, O_RDONLY | O_DIRECTORY).eachName {
            names.append(String(cString: $0))
        }
        return names
    }
}

extension FileDescriptor {
    /// Names in the folder that was opened, whatever stands by its path now, without `.` and `..`.
    func eachName(_ take: (UnsafePointer<CChar>) -> Void) throws(StorageFailure) {
        // Its own place in the folder, whoever else reads it.
        let own = openat(number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard own >= 0 else { throw .system("open", path) }
        guard let directory = fdopendir(own) else {
            close(own)
            throw .system("opendir", path)
        }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { name in
                    if strcmp(name, ".") != 0, strcmp(name, "..") != 0 { take(name) }
                }
            }
        }
    }
}

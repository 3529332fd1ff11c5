import Glibc
package import Storage

/// Folders of ours.
package enum Directories {
    /// Makes `path` and its parents, readable by us alone, and their entries durable.
    package static func create(_ path: String) throws(StorageFailure) {
        var made: [String] = []
        var current = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            let parent = current.isEmpty ? "." : current
            current += current.isEmpty || current.hasSuffix("/") ? "\(part)" : "/\(part)"
            if mkdir(current, 0o700) == 0 {
                made.append(parent)
            } else if errno != EEXIST {
                throw .system("mkdir", current)
            }
        }
        for parent in made { try FileDescriptor(parent, O_RDONLY | O_DIRECTORY).sync() }
    }

    /// Names in the folder at `path`, without `.` and `..`.
    static func names(in path: String) throws(StorageFailure) -> [String] {
        guard let directory = opendir(path) else { throw .system("opendir", path) }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}

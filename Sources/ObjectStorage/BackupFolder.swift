import Glibc
package import Storage

/// A folder that a copy of something goes into: made where it is missing, refused where anything
/// is in it. All calls block.
package final class BackupFolder {
    package let path: String
    /// Whether the folder itself is ours to remove.
    private let isMade: Bool
    private var made: [String] = []
    private var folders: Set<String> = []

    /// Throws `refused` where there is something in the folder.
    package init(_ path: String) throws(StorageFailure) {
        self.path = path
        isMade = mkdir(path, 0o700) == 0
        guard isMade || errno == EEXIST else { throw .system("mkdir", path) }
        if isMade { return }
        guard try Directories.names(in: path).isEmpty else {
            throw .refused("\(path) is not empty")
        }
    }

    /// The place of `name`, which may stand in folders of the folder; these are made.
    package func place(of name: String) throws(StorageFailure) -> String {
        var folder = path
        for part in name.split(separator: "/").dropLast() {
            folder += "/\(part)"
            guard folders.insert(folder).inserted else { continue }
            guard mkdir(folder, 0o700) == 0 || errno == EEXIST else {
                throw .system("mkdir", folder)
            }
            made.append(folder)
        }
        made.append("\(path)/\(name)")
        return "\(path)/\(name)"
    }

    /// A link to `source`, which nobody changes any more, or a copy of it where that cannot be;
    /// says whether it is a link. Throws `notFound` where `source` is not there.
    package func link(_ source: String, as name: String) throws(StorageFailure) -> Bool {
        let target = try place(of: name)
        if Glibc.link(source, target) == 0 { return true }
        guard errno != ENOENT else { throw .system("link", source) }
        try copy(source, to: target)
        return false
    }

    /// A copy of `source` with its mode. Throws `notFound` where it is not there.
    package func copy(_ source: String, as name: String) throws(StorageFailure) {
        try copy(source, to: try place(of: name))
    }

    private func copy(_ source: String, to target: String) throws(StorageFailure) {
        let file = try FileDescriptor(source, O_RDONLY)
        var status = stat()
        guard fstat(file.number, &status) == 0 else { throw .system("stat", source) }
        let copy = try FileDescriptor(
            target, O_WRONLY | O_CREAT | O_EXCL, mode: status.st_mode & 0o777)
        try copy.copy(from: file, start: 0, length: Int(status.st_size))
    }

    /// Makes everything durable that was written so far.
    package func sync() throws(StorageFailure) {
        let folder = try FileDescriptor(path, O_RDONLY | O_DIRECTORY)
        try folder.syncFileSystem()
        // The entry of a folder that is new.
        let parent = path.split(separator: "/").dropLast().joined(separator: "/")
        try FileDescriptor("/\(parent)", O_RDONLY | O_DIRECTORY).sync()
    }

    /// Removes what was made.
    package func remove() {
        for path in made.reversed() where unlink(path) != 0 { rmdir(path) }
        if isMade { rmdir(path) }
    }
}

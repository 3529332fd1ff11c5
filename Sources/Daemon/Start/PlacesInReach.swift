import Glibc
import Handlers
import Topics

/// Whether the server's user reaches what the configuration names: certificates (which are read
/// again when they change), rules, buckets, subscribers' files; and whether the data folder is its
/// own.
package struct PlacesInReach {
    private struct Place {
        var path: String
        var setting: String
        /// `R_OK`, `W_OK`, `X_OK`.
        var use: Int32
    }

    private let data: DataDirectory
    private let places: [Place]
    private let submitGroup: GroupEntry?
    private let user: HandlerProgram.User?

    package init(_ configuration: Configuration) {
        data = DataDirectory(configuration)
        user = configuration.user
        submitGroup =
            configuration.sending.isEnabled ? configuration.sending.submitSocket.group : nil
        var places = [
            Place(
                path: configuration.rulesDirectory, setting: "rules.directory", use: R_OK | X_OK)
        ]
        for (index, files) in configuration.tls.certificates.enumerated() {
            let entry = "tls.certificates[\(index)]"
            places += [
                Place(path: files.certificate, setting: "\(entry).certificate", use: R_OK),
                Place(path: files.key, setting: "\(entry).key", use: R_OK),
            ]
        }
        for (name, folder) in configuration.bucketFolders.sorted(by: { $0.key < $1.key }) {
            places.append(
                Place(path: folder, setting: "buckets.\(name).directory", use: W_OK | X_OK))
        }
        for (name, subscribers) in configuration.topics.sorted(by: { $0.key < $1.key }) {
            for case .file(let path) in subscribers.map(\.endpoint) {
                places.append(Place(path: path, setting: "topics.\(name)", use: W_OK))
            }
        }
        self.places = places
    }

    /// Every one that is out of reach, with what mends it.
    package func problems(_ privileges: Privileges) throws(Server.Failure) -> [String] {
        let (unreachable, membership) = try privileges.asServer {
            (places.compactMap(problem), submitGroup.flatMap(problem))
        }
        return data.problems() + unreachable + (membership.map { [$0] } ?? [])
    }

    /// A file is given to a group by root, or by a member.
    private func problem(_ group: GroupEntry) -> String? {
        guard geteuid() != 0, getegid() != group.id else { return nil }
        var groups = [gid_t](repeating: 0, count: Int(max(getgroups(0, nil), 0)))
        let count = getgroups(Int32(groups.count), &groups)
        guard !groups.prefix(Int(max(count, 0))).contains(group.id) else { return nil }
        let name = user?.name ?? UserEntry(id: geteuid())?.name ?? "\(geteuid())"
        return "sending.submitSocket: “\(name)”, whom the server runs as, is not in the group "
            + "“\(group.name)”: usermod -aG \(group.name) \(name)"
    }

    func refuse(_ privileges: Privileges) throws(Server.Failure) {
        let problems = try problems(privileges)
        guard problems.isEmpty else {
            throw Server.Failure(description: problems.joined(separator: "\nmartlet: "))
        }
    }

    private func problem(_ place: Place) -> String? {
        // What is missing is made, where it is to be written.
        var path = place.path
        var use = place.use
        while use & W_OK != 0, !exists(path), path.count > 1, let slash = path.lastIndex(of: "/") {
            path = slash == path.startIndex ? "/" : String(path[..<slash])
            use = W_OK | X_OK
        }
        guard faccessat(AT_FDCWD, path, use, AT_EACCESS) != 0,
            [EACCES, EROFS, ENOTDIR].contains(errno)
        else { return nil }
        let name = user.map { "“\($0.name)”" } ?? "the server's user"
        let can = use & W_OK != 0 ? "write to" : "read"
        return "\(place.setting): \(name) cannot \(can) \(path): "
            + "\(String(cString: strerror(errno)))" + (user.map { mending($0, place, use) } ?? "")
    }

    /// What is missing is made for the user; never is a folder above it given away.
    private func mending(_ user: HandlerProgram.User, _ place: Place, _ use: Int32) -> String {
        let path = place.path
        return use & W_OK != 0
            ? "; let it: \(exists(path) ? "" : "mkdir -p \(path) && ")chown \(user.name): \(path)"
            : "; let it (and pass through the folders above): "
                + "chgrp \(user.group) \(path) && chmod g+rX \(path)"
    }

    private func exists(_ path: String) -> Bool {
        // Not to be seen is not to be missing.
        faccessat(AT_FDCWD, path, F_OK, AT_EACCESS) == 0 || errno != ENOENT
    }
}

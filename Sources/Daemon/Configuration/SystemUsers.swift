import Documents
import Glibc
import Handlers

/// Reads whom the server and its handlers run as.
struct SystemUsers {
    /// Whom the server is started by.
    let ourUser: uid_t
    /// Whom it becomes; nil: it stays who it is.
    var server: HandlerProgram.User?

    /// Of how many groups a user can be.
    private static let groupsMax: Int32 = 1024

    /// Nil for our own user, too: it takes no change to run as that.
    func server(_ value: DocumentValue) -> HandlerProgram.User? {
        guard let user = user(value) else { return nil }
        guard user.id != 0 else {
            value.note("leave “user” out where the server is to stay root")
            return nil
        }
        guard ourUser == 0 || ourUser == user.id else {
            value.note(
                "only root can start a server that runs as “\(user.name)”: start it (and this "
                    + "check) as root or as that user")
            return nil
        }
        return ourUser == user.id ? nil : user
    }

    /// Nil for the server's own user, too.
    func handler(_ value: DocumentValue) -> HandlerProgram.User? {
        guard let user = user(value) else { return nil }
        guard user.id != 0 else {
            value.note("handlers do not run as root: give them a user of their own")
            return nil
        }
        guard ourUser == 0 || ourUser == user.id else {
            value.note(
                "only root can start a handler as “\(user.name)”: run the server (and this check) "
                    + "as root, or leave “user” out")
            return nil
        }
        return user.id == server?.id ?? ourUser ? nil : user
    }

    private func user(_ value: DocumentValue) -> HandlerProgram.User? {
        guard let name = value.string() else { return nil }
        guard let entry = UserEntry(name: name) else {
            value.note("there is no user “\(name)” on this machine")
            return nil
        }
        var count = Self.groupsMax
        var groups = [gid_t](repeating: 0, count: Int(count))
        guard getgrouplist(name, entry.group, &groups, &count) >= 0 else {
            value.note("“\(name)” is in more than \(Self.groupsMax) groups")
            return nil
        }
        return HandlerProgram.User(
            name: name, id: entry.id, group: entry.group, groups: Array(groups.prefix(Int(count))))
    }
}

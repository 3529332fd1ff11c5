import CHandlerSpawn
import Glibc

/// Where the runs of one user's handlers have their folders.
struct RunsFolder {
    var path: String
    /// Only names it (O_PATH).
    var descriptor: Int32
}

/// Where handlers work: a folder for each user that they run as, below one that nobody lists. In it
/// each run has its own, which is made and removed with that user's rights alone.
package final class HandlerFolders {
    private let ours = geteuid()
    private var folders: [UInt32: RunsFolder] = [:]

    /// Makes what is missing below `workFolder`, whose parent is there, as whoever we are now.
    /// `ownUser` is whom handlers without a user run as.
    package init(
        _ workFolder: String, for programs: [HandlerProgram], ownUser: UInt32 = geteuid()
    ) throws(HandlerHelper.Failure) {
        // Others may pass through to their own folders, and see nothing here.
        guard mkdir(workFolder, 0o711) == 0 || errno == EEXIST else {
            throw HandlerHelper.Failure("\(workFolder): mkdir", errno)
        }
        for user in Set(programs.map { $0.user?.id ?? ownUser }) {
            let path = "\(workFolder)/\(user)"
            let descriptor = martlet_runs_folder(workFolder, "\(user)")
            guard descriptor >= 0 else { throw HandlerHelper.Failure("\(path): open", errno) }
            folders[user] = RunsFolder(path: path, descriptor: descriptor)
        }
    }

    deinit {
        for folder in folders.values { close(folder.descriptor) }
    }

    /// The folder of `user`, who owns it from here on.
    func folder(of user: UInt32, group: UInt32) throws(HandlerHelper.Failure) -> RunsFolder {
        guard let folder = folders[user] else {
            preconditionFailure("every program's user has a folder")
        }
        guard martlet_give_folder(folder.descriptor, ours, user, group) == 0 else {
            if errno != EPERM { throw HandlerHelper.Failure("\(folder.path): chown", errno) }
            throw HandlerHelper.Failure(
                description: "\(folder.path) does not belong to the user whose number it bears; "
                    + "handlers keep nothing there: rm -r \(folder.path)")
        }
        return folder
    }
}

import CHandlerSpawn
import Glibc

/// The configured programs as the helper keeps them, and what the entries point to.
final class ProgramTable {
    private(set) var entries: [martlet_program] = []
    private var texts: [CStrings] = []
    private var groups: [UnsafeMutableBufferPointer<gid_t>] = []

    deinit {
        for list in groups { list.deallocate() }
    }

    /// Adds a program that runs as `user` (nil: as we do) and works below `folder`.
    func add(
        _ program: HandlerProgram, as user: HandlerProgram.User?, in folder: RunsFolder,
        runtimePort: UInt16? = nil
    ) {
        var entry = martlet_program()
        entry.arguments = list(program.command)
        entry.path = entry.arguments[0].map { UnsafePointer($0) }
        entry.environment = list(
            program.variables(runtimePort: runtimePort).map { "\($0.key)=\($0.value)" }.sorted())
        entry.folder = folder.descriptor
        entry.folder_path = list([folder.path])[0].map { UnsafePointer($0) }
        entry.is_worker = program.processes != nil
        entry.timeout_milliseconds = UInt32(program.timeoutSeconds * 1000)
        entry.grace_milliseconds = UInt32(HandlerRun.graceMilliseconds)
        entry.memory_bytes_max = UInt64(program.memoryBytesMax)
        entry.file_bytes_max = UInt64(program.fileBytesMax)
        entry.files_max = UInt64(program.filesMax)
        // Without a user of its own it would count what is not the handler's.
        entry.processes_max = program.user == nil ? 0 : UInt64(program.processesMax)
        if let user {
            let list = UnsafeMutableBufferPointer<gid_t>.allocate(capacity: user.groups.count)
            _ = list.initialize(from: user.groups)
            groups.append(list)
            entry.has_user = true
            entry.user = user.id
            entry.group = user.group
            entry.groups = UnsafePointer(list.baseAddress)
            entry.groups_count = UInt32(list.count)
        }
        entries.append(entry)
    }

    private func list(_ strings: [String]) -> UnsafePointer<UnsafeMutablePointer<CChar>?> {
        let list = CStrings(strings)
        texts.append(list)
        return list.pointers
    }
}

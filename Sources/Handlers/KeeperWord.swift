import CHandlerSpawn
import Glibc

/// What the keeper of a run said last.
struct KeeperWord {
    enum Ending {
        /// By itself, with exit status 0.
        case well
        /// It could not be started, ended otherwise, or took too long: in words.
        case badly(String)
        /// We let go of it, or the helper ended.
        case letGo
    }

    var ending: Ending
    /// Something in the run's working folder could not be removed.
    var isFolderLeft = false

    /// In its place, where there is none.
    static let missing = "nobody knows how it ended: its keeper did not say"

    /// Takes it from the run's socket, once that can be read.
    init(from keeper: Pipe.End, of program: HandlerProgram) {
        var said = martlet_ending()
        guard martlet_run_end(keeper.number, &said) == 1 else {
            self.init(ending: .badly(Self.missing))
            return
        }
        self.init(ending: Self.ending(said, of: program), isFolderLeft: said.is_folder_left)
    }

    private init(ending: Ending, isFolderLeft: Bool = false) {
        self.ending = ending
        self.isFolderLeft = isFolderLeft
    }

    private static func ending(_ said: martlet_ending, of program: HandlerProgram) -> Ending {
        switch said.kind {
        case MARTLET_RUN_EXITED:
            return said.code == 0 ? .well : .badly("exit status \(said.code)")
        case MARTLET_RUN_KILLED: return .badly("ended by signal \(said.code)")
        case MARTLET_RUN_TIMED_OUT:
            return .badly("ended after its \(program.timeoutSeconds) seconds (timeoutSeconds)")
        case MARTLET_RUN_FAILED_TO_START:
            let step = withUnsafeBytes(of: said.step) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            let reason = String(cString: strerror(said.code))
            return .badly("could not be started: \(program.command[0]): \(step): \(reason)")
        default: return .letGo
        }
    }
}

import CHandlerSpawn
import Glibc

/// A process that lives for many mails, from the server's side: its standard error, its keeper, and
/// its end. What it is asked, and how, is its owner's affair. Its place's thread alone uses it.
final class KeptProcess {
    /// Why a process is of no use any more.
    struct Flaw: Error {
        var reason: String
        /// It ends, or has ended, by itself: what its keeper says of that is the better reason.
        var isEnding = false
    }

    /// How long one may take to end by itself.
    private static let endMilliseconds: Int64 = 2_000

    let program: HandlerProgram
    private let keeper: Pipe.End
    let input: Pipe.End
    let output: Pipe.End
    private let errors: Pipe.End
    private var complaint: CappedOutput
    private var isComplaintCutTold = false

    /// Asks the helper behind `socket` for a process of the program at `index` of its table, with
    /// `file` as its descriptor 3. What it writes to standard output can be read from `output`, or,
    /// without `hasOutput`, is a complaint, too. Whether the program can be started is known later:
    /// its keeper says so.
    init(
        _ program: HandlerProgram, index: Int, socket: Int32, file: Pipe.End, hasOutput: Bool
    ) throws(HandlerRun.StartFailure) {
        self.program = program
        complaint = CappedOutput(bytesMax: program.errorBytesMax)
        let inputPipe = try Pipe()
        let outputPipe = try Pipe()
        let errorPipe = try Pipe()
        let variables = CStrings([])
        var request = martlet_run()
        request.program = UInt32(index)
        request.variables = variables.pointers
        request.input = inputPipe.reading.number
        request.output = (hasOutput ? outputPipe : errorPipe).writing.number
        request.error = errorPipe.writing.number
        request.event = file.number
        let run = withExtendedLifetime((variables, inputPipe, outputPipe, errorPipe)) {
            martlet_run_start(socket, &request)
        }
        guard run >= 0 else { throw HandlerRun.StartFailure("the helper could not be asked") }
        keeper = Pipe.End(run)
        input = inputPipe.writing
        output = outputPipe.reading
        errors = errorPipe.reading
        if !hasOutput { output.close() }
        for end in [input, output, errors] where end.isOpen { end.setNonBlocking() }
    }

    // MARK: Waiting

    /// Waits until one of `others` is ready, the process says something on standard error (which is
    /// kept), or its keeper says that it has ended. `others` have their `revents` then; whether it
    /// has ended.
    func wait(for others: inout [pollfd], milliseconds: Int64) -> Bool {
        var ends = others + [Self.readable(keeper), Self.readable(errors)]
        let count = Glibc.poll(&ends, nfds_t(ends.count), Int32(clamping: milliseconds))
        guard count > 0 else {
            for index in others.indices { others[index].revents = 0 }
            return false
        }
        for index in others.indices { others[index].revents = ends[index].revents }
        if ends[others.count + 1].revents != 0 { complaint.read(from: errors) }
        return ends[others.count].revents != 0
    }

    static func readable(_ end: Pipe.End) -> pollfd { readable(end.number) }

    /// A negative number is never ready.
    static func readable(_ number: Int32) -> pollfd {
        pollfd(fd: number, events: Int16(POLLIN), revents: 0)
    }

    // MARK: Standard error

    /// What it wrote to standard error since this was last taken, and whether more is left out from
    /// here on.
    func takeComplaint() -> (bytes: [UInt8], isCut: Bool) {
        complaint.read(from: errors)
        let taken = (bytes: complaint.bytes, isCut: complaint.isCut && !isComplaintCutTold)
        isComplaintCutTold = complaint.isCut || isComplaintCutTold
        complaint = CappedOutput(bytesMax: complaint.bytesMax - taken.bytes.count)
        return taken
    }

    /// From here on `errorBytesMax` of standard error are kept.
    func allowComplaint() {
        complaint = CappedOutput(bytesMax: program.errorBytesMax)
        isComplaintCutTold = false
    }

    // MARK: Its end

    /// Ends it with all that it started, and waits for that. How it ended, and whether something of
    /// its folder is left.
    func end(_ flaw: Flaw) -> (reason: String, isFolderLeft: Bool) {
        input.close()
        var word = flaw.isEnding ? lastWord(within: Self.endMilliseconds) : nil
        if word == nil {
            shutdown(keeper.number, Int32(SHUT_WR))
            word = lastWord(within: Int64(MARTLET_KEEPER_SECONDS_MAX) * 1000)
        }
        keeper.close()
        guard let word else { return (flaw.reason, false) }
        switch word.ending {
        case .well: return (flaw.isEnding ? "exit status 0" : flaw.reason, word.isFolderLeft)
        case .badly(let reason):
            return (flaw.isEnding ? reason : flaw.reason, word.isFolderLeft)
        case .letGo: return (flaw.reason, word.isFolderLeft)
        }
    }

    /// Its standard error is read meanwhile: a process that waits for that does not end.
    private func lastWord(within milliseconds: Int64) -> KeeperWord? {
        let deadline = HandlerRun.now() + milliseconds
        while true {
            let left = deadline - HandlerRun.now()
            guard left > 0 else { return nil }
            var none: [pollfd] = []
            if wait(for: &none, milliseconds: left) {
                return KeeperWord(from: keeper, of: program)
            }
        }
    }
}

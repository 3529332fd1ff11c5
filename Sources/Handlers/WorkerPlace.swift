import Actions

/// One place of a worker's pool, on a thread of its own: keeps a process alive, listens to it while
/// it rests, and gives it mails.
struct WorkerPlace {
    let number: Int
    let program: HandlerProgram
    let wakeup: Wakeup
    let pool: WorkerPool
    let log: HandlerLog
    private var process: WorkerProcess?

    init(
        number: Int, program: HandlerProgram, wakeup: Wakeup, pool: WorkerPool, log: HandlerLog
    ) {
        self.number = number
        self.program = program
        self.wakeup = wakeup
        self.pool = pool
        self.log = log
    }

    /// Returns when the pool is over, and its process has ended.
    mutating func run() {
        while !pool.isOver {
            if process == nil { process = pool.startProcess() }
            if let job = pool.next(for: number, hasProcess: process != nil) {
                job.answer.resume(returning: outcome(of: job.invocation))
            } else {
                rest()
            }
        }
        // Standard input has ended: whoever does not end at that is ended.
        _ = process?.end(WorkerProcess.Flaw(reason: "", isEnding: true))
        sayWhatItSaid()
    }

    /// Until there is something to do.
    private mutating func rest() {
        guard let process else { return wakeup.wait() }
        do throws(WorkerProcess.Flaw) {
            try process.rest(until: wakeup)
            wakeup.clear()
            sayWhatItSaid()
        } catch {
            endAtRest(process, error)
        }
    }

    private mutating func endAtRest(_ process: WorkerProcess, _ flaw: WorkerProcess.Flaw) {
        let reason = end(process, flaw)
        sayWhatItSaid()
        pool.noteEnd(of: process, because: reason)
        self.process = nil
    }

    private func end(_ process: WorkerProcess, _ flaw: WorkerProcess.Flaw) -> String {
        let ending = process.end(flaw)
        if ending.isFolderLeft { log.folderLeft(program) }
        return ending.reason
    }

    /// What it wrote to standard error while nobody asked it.
    private func sayWhatItSaid() {
        guard let (bytes, isCut) = process?.takeComplaint() else { return }
        log.said(bytes, isCut: isCut, by: program)
    }

    // MARK: A mail

    private mutating func outcome(of invocation: FunctionInvocation) -> FunctionOutcome {
        makeReady()
        guard let process else { return .failed(detail: pool.refusal) }
        let reply = process.ask(invocation, until: wakeup) { [pool] in pool.isOver }
        let outcome: FunctionOutcome
        switch reply {
        case .answered(let output):
            outcome = .answered(output: output)
            pool.noteAnswer()
        case .failed(let reason):
            outcome = .failed(detail: reason)
            pool.noteAnswer()
        case .broken(let flaw):
            let reason = end(process, flaw)
            outcome = .failed(detail: reason)
            if !pool.isOver { pool.noteEnd(of: process, because: reason) }
            self.process = nil
        }
        let (bytes, isCut) = process.takeComplaint()
        log.said(bytes, isCut: isCut, by: invocation)
        process.allowComplaint()
        return outcome
    }

    /// Puts a new process in place of one that has ended meanwhile; what was said before the mail
    /// is not the mail's.
    private mutating func makeReady() {
        if let process {
            do throws(WorkerProcess.Flaw) {
                try process.look()
                sayWhatItSaid()
            } catch {
                endAtRest(process, error)
            }
        }
        if process == nil { process = pool.startProcess() }
        process?.allowComplaint()
    }
}

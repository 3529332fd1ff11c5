import Actions

/// One place of a worker's pool, on a thread of its own: keeps a process alive, listens to it while
/// it rests, and gives it mails.
struct WorkerPlace {
    let number: Int
    let program: HandlerProgram
    let wakeup: Wakeup
    let pool: WorkerPool
    let log: HandlerLog
    private var process: (any LivingProcess)?

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
            if process == nil { process = pool.startProcess(number) }
            if let job = pool.next(for: number, hasProcess: process != nil) {
                job.answer.resume(returning: outcome(of: job.invocation))
            } else {
                rest()
            }
        }
        guard let process else { return }
        _ = end(process, KeptProcess.Flaw(reason: "", isEnding: process.endsWithItsInput))
        sayWhatItSaid()
    }

    /// Until there is something to do.
    private mutating func rest() {
        guard let process else { return wakeup.wait() }
        do throws(KeptProcess.Flaw) {
            try process.rest(until: wakeup)
            wakeup.clear()
            sayWhatItSaid()
        } catch {
            endAtRest(process, error)
        }
    }

    private mutating func endAtRest(_ process: any LivingProcess, _ flaw: KeptProcess.Flaw) {
        let reason = end(process, flaw)
        sayWhatItSaid()
        pool.noteEnd(of: process, because: reason)
        self.process = nil
    }

    private func end(_ process: any LivingProcess, _ flaw: KeptProcess.Flaw) -> String {
        let ending = process.kept.end(flaw)
        if ending.isFolderLeft { log.folderLeft(program) }
        return ending.reason
    }

    /// What it wrote to standard error while nobody asked it.
    private func sayWhatItSaid() {
        guard let (bytes, isCut) = process?.kept.takeComplaint() else { return }
        log.said(bytes, isCut: isCut, by: program)
    }

    // MARK: A mail

    private mutating func outcome(of invocation: FunctionInvocation) -> FunctionOutcome {
        makeReady()
        guard let process else { return .failed(detail: pool.refusal) }
        var outcome: FunctionOutcome
        do throws(KeptProcess.Flaw) {
            outcome = try process.ask(invocation, until: wakeup) { [pool] in pool.isOver }
            pool.noteAnswer()
        } catch {
            let reason = end(process, error)
            outcome = .failed(detail: reason)
            if !pool.isOver { pool.noteEnd(of: process, because: reason) }
            self.process = nil
        }
        let (bytes, isCut) = process.kept.takeComplaint()
        log.said(bytes, isCut: isCut, by: invocation)
        process.kept.allowComplaint()
        return outcome
    }

    /// Puts a new process in place of one that has ended meanwhile; what was said before the mail
    /// is not the mail's.
    private mutating func makeReady() {
        if let process {
            do throws(KeptProcess.Flaw) {
                try process.look()
                sayWhatItSaid()
            } catch {
                endAtRest(process, error)
            }
        }
        if process == nil { process = pool.startProcess(number) }
        process?.kept.allowComplaint()
    }
}

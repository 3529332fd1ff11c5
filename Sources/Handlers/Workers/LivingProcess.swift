import Actions

/// A process that is asked about one mail after another, whatever it is that both speak.
protocol LivingProcess: AnyObject {
    var kept: KeptProcess { get }
    /// Whether it ever answered: a program that never does is not started again and again.
    var hasAnswered: Bool { get }
    /// Whether the end of its standard input is how it is told to end.
    var endsWithItsInput: Bool { get }

    /// Waits until it says something on standard error, or `wakeup` is called. Throws where it does
    /// anything else.
    func rest(until wakeup: Wakeup) throws(KeptProcess.Flaw)

    /// Throws where it is not fit to be asked.
    func look() throws(KeptProcess.Flaw)

    /// Asks once, and waits for the answer up to the program's `timeoutSeconds`, or until `isOver`
    /// says so when `wakeup` is called.
    func ask(
        _ invocation: FunctionInvocation, until wakeup: Wakeup, isOver: () -> Bool
    ) throws(KeptProcess.Flaw) -> FunctionOutcome
}

extension KeptProcess {
    static let hasEnded = Flaw(reason: "it ended without an answer", isEnding: true)
    static let saysTooMuch = Flaw(reason: "its answer is too long (outputBytesMax)")
    static let serverEnds = Flaw(reason: "the server ends")

    var isTooLate: Flaw {
        Flaw(reason: "no answer in \(program.timeoutSeconds) seconds (timeoutSeconds)")
    }
}

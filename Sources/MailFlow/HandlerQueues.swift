/// Mails that wait for a handler's place. Scripts share one line and the places that
/// `handlersRunningMax` gives them; each worker and function has a line of its own, so that no slow
/// script, and no other worker, holds up its mails.
struct HandlerQueues: Sendable {
    /// A line, and how many of it are at work at once.
    struct Line: Sendable {
        let queue = ActionQueue()
        /// No more than so many: a disk that refuses for hours sees no more mails than those, and
        /// those that are at work.
        let answered = Gathering<ActionPass>(max: 64)
        let places: Int
    }

    /// Places of a worker beside those of its processes: mails that are read and described while
    /// others are answered.
    private static let placesSpare = 8

    private let scripts: Line
    private let workers: [String: Line]

    /// `workers`: the processes of each worker by its name.
    init(scriptsMax: Int, workers: [String: Int]) {
        scripts = Line(places: scriptsMax)
        self.workers = workers.mapValues { Line(places: $0 + Self.placesSpare) }
    }

    var all: [Line] { [scripts] + workers.values }

    /// Where mails wait for `handler`.
    func queue(of handler: String) -> ActionQueue { (workers[handler] ?? scripts).queue }

    func close() {
        for line in all { line.queue.close() }
    }
}

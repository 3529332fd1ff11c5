/// Mails that wait for a handler's place. Scripts share one line and the places that
/// `handlersRunningMax` gives them; each worker has a line of its own and a place for each of its
/// processes, so that no slow script, and no other worker, holds up its mails.
struct HandlerQueues: Sendable {
    /// A line, and how many of it are at work at once.
    struct Line: Sendable {
        let queue = ActionQueue()
        let places: Int
    }

    private let scripts: Line
    private let workers: [String: Line]

    /// `workers`: the processes of each worker by its name.
    init(scriptsMax: Int, workers: [String: Int]) {
        scripts = Line(places: scriptsMax)
        self.workers = workers.mapValues { Line(places: $0) }
    }

    var all: [Line] { [scripts] + workers.values }

    /// Where mails wait for `handler`.
    func queue(of handler: String) -> ActionQueue { (workers[handler] ?? scripts).queue }

    func close() {
        for line in all { line.queue.close() }
    }
}

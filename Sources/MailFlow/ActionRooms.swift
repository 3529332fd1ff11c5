import RuleEngine

/// Where mails wait whose next action may take its time: for a handler, or for an endpoint. Scripts
/// share one room and the places that `handlersRunningMax` gives them; each worker, function,
/// endpoint, and bucket on another server has a room of its own, so one that is slow, or does not
/// answer, holds up its own mails alone.
struct ActionRooms: Sendable {
    enum Kind: Hashable {
        case scripts
        case worker(String)
        case endpoint(handler: String)
        case webhook(String)
        case bucket(String)
    }

    struct Room: Sendable {
        /// As many as the places are done with before a mail that found it full is looked at again, or
        /// fewer where their rows are large.
        let queue = ActionQueue(waitingMax: 20_000, waitingBytesMax: 16_777_216)
        /// No more than so many: a disk that refuses for hours sees no more mails than those, as many
        /// again for each lane that writes, and those that are at work.
        let answered = Gathering<ActionPass>(max: ActionRunner.batchMax)
        /// Actions that are done at once.
        let places: Int
    }

    /// Places of a worker beside those of its processes: mails that are read and described while
    /// others are answered.
    private static let placesSpare = 8

    let all: [Kind: Room]

    /// `workers`: the processes of each worker and function by its name; `endpoints`: the requests at
    /// once of each handler that is one; `postsMax`: by the names of webhooks; `putsMax`: by those of
    /// buckets on other servers.
    init(
        scriptsMax: Int, workers: [String: Int], endpoints: [String: Int],
        postsMax: [String: Int], putsMax: [String: Int]
    ) {
        var all: [Kind: Room] = [.scripts: Room(places: scriptsMax)]
        for (name, processes) in workers {
            all[.worker(name)] = Room(places: processes + Self.placesSpare)
        }
        for (name, places) in endpoints {
            all[.endpoint(handler: name)] = Room(places: places)
        }
        for (name, places) in postsMax { all[.webhook(name)] = Room(places: places) }
        for (name, places) in putsMax { all[.bucket(name)] = Room(places: places) }
        self.all = all
    }

    /// Nil for what is done at once, with whatever else there is; so is a webhook that is not there.
    func kind(of action: ReceiptAction) -> Kind? {
        switch action {
        case .invoke(let handler, _, _, _):
            [Kind.worker(handler), .endpoint(handler: handler)].first { all[$0] != nil } ?? .scripts
        case .webhook(let name): all[.webhook(name)] == nil ? nil : .webhook(name)
        case .store(let bucket, _, _, _): all[.bucket(bucket)] == nil ? nil : .bucket(bucket)
        case .notify, .forward, .relay, .deliver, .bounce, .reply, .reject, .addHeader,
            .removeHeader, .tag, .quarantine, .stop, .drop:
            nil
        }
    }

    func close() {
        for room in all.values { room.queue.close() }
    }
}

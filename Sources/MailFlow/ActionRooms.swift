import RuleEngine

/// Where mails wait whose next action may take its time: for a handler, or for an endpoint. Each
/// endpoint has a room of its own, so one that does not answer holds up its own mails alone.
struct ActionRooms: Sendable {
    enum Kind: Hashable {
        case handlers
        case webhook(String)
    }

    struct Room: Sendable {
        let queue = ActionQueue()
        /// Actions that are done at once.
        let places: Int
    }

    let all: [Kind: Room]

    /// `postsMax`: by the names of webhooks.
    init(handlersMax: Int, postsMax: [String: Int]) {
        var all: [Kind: Room] = [.handlers: Room(places: handlersMax)]
        for (name, places) in postsMax { all[.webhook(name)] = Room(places: places) }
        self.all = all
    }

    /// Nil for what is done at once, with whatever else there is; so is a webhook that is not there.
    func kind(of action: ReceiptAction) -> Kind? {
        switch action {
        case .invoke: .handlers
        case .webhook(let name): all[.webhook(name)] == nil ? nil : .webhook(name)
        case .store, .notify, .forward, .relay, .deliver, .bounce, .reply, .reject, .addHeader,
            .quarantine, .stop, .drop:
            nil
        }
    }

    func close() {
        for room in all.values { room.queue.close() }
    }
}

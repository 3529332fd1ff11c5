import MailModel

/// Destinations that wait for their minute's share, by when they may go on: who looks for those that
/// may by now does not walk over the others. A binary heap.
struct WaitingTurns {
    private struct Entry {
        var time: Timestamp
        var name: String
    }

    private var entries: [Entry] = []

    mutating func insert(_ name: String, until time: Timestamp) {
        entries.append(Entry(time: time, name: name))
        var child = entries.count - 1
        while child > 0, entries[child].time < entries[(child - 1) / 2].time {
            entries.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// One that may go on by `now`, the earliest first; it waits no more.
    mutating func popDue(_ now: Timestamp) -> String? {
        guard let first = entries.first, first.time <= now else { return nil }
        entries.swapAt(0, entries.count - 1)
        entries.removeLast()
        var parent = 0
        while let child = earlierChild(of: parent), entries[child].time < entries[parent].time {
            entries.swapAt(child, parent)
            parent = child
        }
        return first.name
    }

    private func earlierChild(of parent: Int) -> Int? {
        let (left, right) = (2 * parent + 1, 2 * parent + 2)
        guard left < entries.count else { return nil }
        return right < entries.count && entries[right].time < entries[left].time ? right : left
    }
}

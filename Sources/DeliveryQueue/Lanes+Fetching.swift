import MailModel
import NIOCore
import Storage

/// What is brought from the store, and what operators take out of the lanes' hands.
extension Lanes {
    /// Between two looks for those of a destination at work who have become due in the store.
    private static let againSeconds: Int64 = 60
    /// Looks for more than one recipient that are made at once. Nobody knows before how large the
    /// heads of mails are that come: 262,144 bytes each, where the configuration says nothing else.
    private static let largeFetchesMax = 4

    /// Destinations at work of which the store may have others by now.
    mutating func lookAgain(now: Timestamp) -> [(name: String, need: Need)] {
        var needs: [(name: String, need: Need)] = []
        for (name, lane) in lanes where !lane.mayHaveMore {
            if let again = lane.looksAgainAt, again <= now {
                lane.mayHaveMore = true
                needs.append((name, need(name)))
            } else if lane.looksAgainAt != nil {
                continue
            }
            lane.looksAgainAt = now.advanced(bySeconds: Self.againSeconds)
        }
        return needs
    }

    /// Says how many rows to ask for; nil where somebody does already or nothing is wanted.
    mutating func beginFetch(_ name: String) -> Int? {
        guard let lane = lanes[name], lane.wantsMore else { return nil }
        // Where memory is full, those of it that are here come first.
        guard lane.waiting.isEmpty || bytes < limits.bytesMax else { return nil }
        lane.isFetching = true
        // Whoever finds no room from now on may have come too late for the answer.
        lane.mayHaveMore = false
        // Of one that failed as a whole nobody but the first may be wanted.
        let isSparing =
            lane.record.failures > 0 || bytes >= limits.bytesMax
            || largeFetches >= Self.largeFetchesMax
        if !isSparing { largeFetches += 1 }
        lane.isFetchLarge = !isSparing
        // Those of it that are here already are in the answer, too.
        let known = lane.waiting.count + lane.atWork + lane.unwritten
        return (isSparing ? 1 : limits.fetchMax) + known
    }

    /// What the store has for `name`, of which `asked` rows were asked for.
    mutating func endFetch(_ name: String, _ found: [QueueItem], asked: Int) -> Need {
        guard let lane = lanes[name] else { return .nothing }
        lane.isFetching = false
        if lane.isFetchLarge { largeFetches -= 1 }
        if found.count >= asked { lane.mayHaveMore = true }
        let changed = lane.changedMeanwhile
        lane.changedMeanwhile = []
        if !lane.isFailing {
            for item in found where !changed.contains(item.key) {
                guard claimed.insert(item.key).inserted else { continue }
                bytes += item.bytes
                lane.waiting.append(item)
            }
            if !lane.waiting.isEmpty { enqueue(name) }
        }
        return need(name)
    }

    // MARK: Operators

    /// Takes recipients out of the lanes' hands: nobody tries them until they are given back.
    /// Answers those that it has; the others are being tried at this moment.
    mutating func withdraw(_ places: [SentPlace]) -> [SentPlace] {
        var wanted = Set(places.filter { !claimed.contains($0.key) })
        for (name, places) in Dictionary(grouping: places, by: \.destination) {
            guard let lane = lanes[name], !lane.waiting.isEmpty else { continue }
            let keys = Set(places.map(\.key))
            for item in lane.waiting where keys.contains(item.key) {
                bytes -= item.bytes
                wanted.insert(SentPlace(key: item.key, destination: name))
            }
            lane.waiting.removeAll { keys.contains($0.key) }
        }
        for place in wanted { claimed.insert(place.key) }
        return places.filter { wanted.contains($0) }
    }

    /// Their rows say what is to be done with them now.
    mutating func giveBack(_ places: [SentPlace]) -> [(name: String, need: Need)] {
        for place in places {
            claimed.remove(place.key)
            guard let lane = lanes[place.destination], lane.isFetching else { continue }
            lane.changedMeanwhile.insert(place.key)
        }
        return expectMore(of: Set(places.map(\.destination)))
    }

    /// Others of these wait in the store; where one is not at work, it is found there as due.
    mutating func expectMore(of names: Set<String>) -> [(name: String, need: Need)] {
        names.map { name in
            lanes[name]?.mayHaveMore = true
            return (name, need(name))
        }
    }
}

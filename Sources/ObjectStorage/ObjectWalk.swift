import Storage

/// A listing of a bucket's tree in the order of keys, which is that of their bytes: a folder `a` comes
/// where `a/` does, so after `a-b` and before `a0`.
///
/// Each page reads the folders that it touches anew, and keeps no more names of each than it may
/// answer with.
struct ObjectWalk {
    /// Keys begin with it.
    private let prefix: String.UTF8View
    private let after: String.UTF8View
    private let isByFolder: Bool
    private let limit: Int
    /// Names of a folder that are kept at once.
    private let namesMax: Int
    private var entries: [ObjectListing.Entry] = []

    static func listing(
        _ question: ObjectQuestion, in bucket: ObjectFolder
    ) throws(StorageFailure) -> ObjectListing {
        // One more than is wanted says whether there are more.
        var walk = ObjectWalk(question, limit: question.limit + 1)
        try walk.begin(in: bucket, question.prefix)
        let isCut = walk.entries.count > question.limit
        return ObjectListing(
            entries: Array(walk.entries.prefix(question.limit)), isCut: isCut)
    }

    private init(_ question: ObjectQuestion, limit: Int) {
        prefix = question.prefix.utf8
        after = question.after.utf8
        isByFolder = question.isByFolder
        self.limit = limit
        namesMax = max(limit, 64)
    }

    /// Goes straight to the folder that all of the keys are in.
    private mutating func begin(
        in bucket: ObjectFolder, _ prefix: String
    ) throws(StorageFailure) {
        let parts = prefix.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        guard parts.count < ObjectKey.partsMax,
            parts.allSatisfy({ ObjectKey(String($0)) != nil })
        else { return }
        var folder = bucket
        var path = ""
        do throws(StorageFailure) {
            for part in parts {
                path += "\(part)/"
                guard let next = try folder.folder(String(part)) else { return }
                folder = next
            }
            try walk(folder, path, depth: parts.count + 1)
        } catch {
            try tell(error, of: path)
        }
    }

    /// A folder that is closed keeps no other from being listed; what else has failed is thrown, and
    /// that of the bucket itself (an empty `path`).
    private mutating func tell(
        _ failure: StorageFailure, of path: String
    ) throws(StorageFailure) {
        guard case .forbidden(let reason) = failure, !path.isEmpty else { throw failure }
        guard entries.count < limit, after.lexicographicallyPrecedes(path.utf8) else { return }
        entries.append(.closed(path, reason: reason))
    }

    /// `path` is empty, or ends with a slash.
    private mutating func walk(
        _ folder: ObjectFolder, _ path: String, depth: Int
    ) throws(StorageFailure) {
        guard depth <= ObjectKey.partsMax else { return }
        var last: Place?
        while entries.count < limit {
            let places = try places(in: folder, path, after: last)
            for place in places {
                guard entries.count < limit else { return }
                try visit(place, in: folder, depth: depth)
            }
            guard places.count == namesMax, let end = places.last else { return }
            // Folders without objects took the place of others.
            last = end
        }
    }

    /// What stands in a folder, by its whole name: a folder's has a slash at its end.
    private struct Place: Comparable {
        let name: String
        /// In its folder.
        let part: String
        let item: ObjectFolder.Item

        static func == (left: Place, right: Place) -> Bool { left.name == right.name }

        static func < (left: Place, right: Place) -> Bool {
            left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
        }
    }

    /// The first `namesMax` that may be answered or lead to what may, in order.
    private func places(
        in folder: ObjectFolder, _ path: String, after last: Place?
    ) throws(StorageFailure) -> [Place] {
        var places: [Place] = []
        func shorten() {
            places.sort()
            places.removeLast(max(0, places.count - namesMax))
        }
        try folder.eachName { part in
            // Before anything is asked of the file: most names of a large folder are of other pages.
            guard ObjectKey(part) != nil, mayCount("\(path)\(part)"),
                let item = folder.item(part)
            else { return }
            let name = if case .folder = item { "\(path)\(part)/" } else { "\(path)\(part)" }
            guard counts(name, item) else { return }
            let place = Place(name: name, part: part, item: item)
            if let last, place <= last { return }
            places.append(place)
            if places.count >= 2 * namesMax { shorten() }
        }
        shorten()
        return places
    }

    /// Whether `name`, or what is in a folder of that name, may count.
    private func mayCount(_ name: String) -> Bool {
        let name = name.utf8
        return (name.starts(with: prefix) || prefix.starts(with: name))
            && (after.lexicographicallyPrecedes(name) || after.starts(with: name)
                || after.lexicographicallyPrecedes("\(name)/".utf8))
    }

    private func counts(_ name: String, _ item: ObjectFolder.Item) -> Bool {
        let name = name.utf8
        switch item {
        case .object: return name.starts(with: prefix) && after.lexicographicallyPrecedes(name)
        case .folder:
            if isByFolder, name.starts(with: prefix), name.elementsEqual(after) { return false }
            return (name.starts(with: prefix) || prefix.starts(with: name))
                && (after.lexicographicallyPrecedes(name) || after.starts(with: name))
        }
    }

    private mutating func visit(
        _ place: Place, in folder: ObjectFolder, depth: Int
    ) throws(StorageFailure) {
        switch place.item {
        case .object(let facts):
            // Its key may be too long with what is above it.
            guard ObjectKey(place.name) != nil else { return }
            entries.append(.object(key: place.name, facts))
        case .folder:
            do throws(StorageFailure) {
                guard let below = try folder.folder(place.part) else { return }
                try visit(below, place.name, depth: depth + 1)
            } catch {
                try tell(error, of: place.name)
            }
        }
    }

    private mutating func visit(
        _ folder: ObjectFolder, _ path: String, depth: Int
    ) throws(StorageFailure) {
        guard isByFolder else { return try walk(folder, path, depth: depth) }
        if try hasObject(folder, path, depth: depth) { entries.append(.folder(path)) }
    }

    /// Whether there is a key in the folder that may be answered.
    private func hasObject(
        _ folder: ObjectFolder, _ path: String, depth: Int
    ) throws(StorageFailure) -> Bool {
        let question = ObjectQuestion(
            prefix: path, after: String(decoding: after, as: UTF8.self), isByFolder: false, limit: 1
        )
        var walk = ObjectWalk(question, limit: 1)
        try walk.walk(folder, path, depth: depth)
        return !walk.entries.isEmpty
    }
}

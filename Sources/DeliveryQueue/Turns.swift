import NIOCore

/// Whose turn it is, and who finds a place: there are `triesMax`, one for each try that is made.
///
/// Tries that hang must not keep the others out, whoever they are of:
/// - Destinations that do not answer, so far or any more, begin nothing while they hold three
///   quarters of the places together. More than one try each, or one after they failed as a whole,
///   they begin only while they hold less than a half.
/// - The last quarter of the places is for destinations nobody of which is being tried.
///
/// So a quarter is left to those that answer, whatever hangs; and a new destination is kept waiting
/// only while a quarter is held by as many other new ones. One that answers and then falls silent
/// keeps the tries that it has, at most its width.
struct Turns {
    /// What a destination may claim for its next try.
    enum Standing: Int, CaseIterable {
        /// It answered when it was last at work, and nobody of it is being tried.
        case known
        /// It answers, and some are being tried.
        case busy
        /// Nothing is known of it, and nobody of it is being tried.
        case new
        /// Some are being tried, and none has come back; or it failed as a whole.
        case doubtful
    }

    private struct Ring {
        var names = CircularBuffer<String>()
        /// Each stands in it once at most.
        var members: Set<String> = []
    }

    private let placesMax: Int
    private var rings = Array(repeating: Ring(), count: Standing.allCases.count)
    /// The standing that was served last: each has its turn.
    private var last = Standing.doubtful
    /// Places that are taken.
    private(set) var taken = 0
    /// Those among them of destinations that do not answer, so far or any more.
    private(set) var unproven = 0

    init(placesMax: Int) {
        self.placesMax = placesMax
    }

    /// Destinations that want a place.
    var count: Int { rings.reduce(0) { $0 + $1.names.count } }

    /// In the order in which they are asked.
    var order: [Standing] {
        let kinds = Standing.allCases
        let start = last.rawValue + 1
        return kinds.indices.map { kinds[(start + $0) % kinds.count] }
    }

    func hasPlace(for standing: Standing) -> Bool {
        let (half, most) = (max(placesMax / 2, 1), max(placesMax * 3 / 4, 1))
        return switch standing {
        case .known: true
        case .busy: taken < most
        case .new: unproven < most
        case .doubtful: taken < most && unproven < half
        }
    }

    func first(_ standing: Standing) -> String? { rings[standing.rawValue].names.first }

    // MARK: Changes

    /// Behind the others of its standing, where it is not among them.
    mutating func enqueue(_ name: String, _ standing: Standing) {
        if rings[standing.rawValue].members.insert(name).inserted {
            rings[standing.rawValue].names.append(name)
        }
    }

    mutating func popFirst(_ standing: Standing) -> String? {
        guard let name = rings[standing.rawValue].names.popFirst() else { return nil }
        rings[standing.rawValue].members.remove(name)
        return name
    }

    /// A try of a destination of `standing` begins.
    mutating func begin(_ standing: Standing, isProven: Bool) {
        last = standing
        taken += 1
        if !isProven { unproven += 1 }
    }

    mutating func end(isProven: Bool) {
        taken -= 1
        if !isProven { unproven -= 1 }
    }

    /// A destination with so many tries at work answers from now on, or no more.
    mutating func change(toProven isProven: Bool, tries: Int) {
        unproven += isProven ? -tries : tries
    }
}

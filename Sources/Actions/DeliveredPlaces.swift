import Storage

/// The Maildirs that have the mail of a `deliver` that is not done, as the detail of its last try
/// keeps them: `in /m/ada, /m/bob; ` before why the others do not.
struct DeliveredPlaces {
    private static let start = "in "
    private static let between = ", "
    private static let end = "; "

    private var paths: [String] = []

    /// Of what `detail` has written; none where it says nothing of them.
    init(lastDetail: String) {
        guard lastDetail.hasPrefix(Self.start),
            let end = lastDetail.firstRange(of: Self.end)
        else { return }
        paths = lastDetail[..<end.lowerBound].dropFirst(Self.start.count)
            .split(separator: Self.between).map(String.init)
    }

    func contains(_ place: MaildirPlace) -> Bool { paths.contains(Self.text(of: place)) }

    func adding(_ places: [MaildirPlace]) -> DeliveredPlaces {
        var more = self
        more.paths += places.map(Self.text)
        return more
    }

    /// What the journal is to keep.
    func detail(_ failures: String) -> String {
        guard !paths.isEmpty else { return failures }
        return Self.start + paths.joined(separator: Self.between) + Self.end + failures
    }

    /// A path in which nothing is taken for what stands between two of them. What recipients write is
    /// escaped so in it anyway.
    private static func text(of place: MaildirPlace) -> String {
        place.path.replacing(",", with: "%2C").replacing(";", with: "%3B")
    }
}

/// What somebody may have meant by a name that does not exist.
package enum NearMiss {
    /// The candidate nearest to `name`, if one is near: at most two edits, and fewer than its half.
    package static func of(_ name: String, among candidates: some Sequence<String>) -> String? {
        candidates
            .map { (candidate: $0, distance: distance(name.lowercased(), $0.lowercased())) }
            .filter { $0.distance <= 2 && $0.distance * 2 < max($0.candidate.count, 2) }
            .min { ($0.distance, $0.candidate) < ($1.distance, $1.candidate) }?
            .candidate
    }

    /// ` (did you mean …?)`, or which names there are, or nothing.
    package static func hint(_ name: String, among candidates: [String]) -> String {
        if let near = of(name, among: candidates) { return "; did you mean “\(near)”?" }
        guard !candidates.isEmpty else { return "" }
        guard candidates.count <= 12 else { return "" }
        return "; there are: \(candidates.sorted().joined(separator: ", "))"
    }

    /// Levenshtein's distance.
    private static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left.utf8)
        let right = Array(right.utf8)
        var row = Array(0...right.count)
        for (leftIndex, leftByte) in left.enumerated() {
            var diagonal = row[0]
            row[0] = leftIndex + 1
            for (rightIndex, rightByte) in right.enumerated() {
                let cost = leftByte == rightByte ? diagonal : diagonal + 1
                diagonal = row[rightIndex + 1]
                row[rightIndex + 1] = min(cost, diagonal + 1, row[rightIndex] + 1)
            }
        }
        return row[right.count]
    }
}

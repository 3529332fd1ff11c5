/// What somebody may have meant by a name that does not exist.
package enum NearMiss {
    /// The candidate nearest to `name`, if one is near: at most two edits, and fewer than its half.
    package static func of(_ name: String, among candidates: some Sequence<String>) -> String? {
        candidates
            .filter { abs($0.utf8.count - name.utf8.count) <= 2 }
            .map { (candidate: $0, distance: distance(name.lowercased(), $0.lowercased())) }
            .filter { $0.distance <= 2 && $0.distance * 2 < max($0.candidate.count, 2) }
            .min { ($0.distance, $0.candidate) < ($1.distance, $1.candidate) }?
            .candidate
    }

    /// `; did you mean “…”?`, or which names there are, or nothing.
    package static func hint(_ name: String, among candidates: [String]) -> String {
        if let near = of(name, among: candidates) { return "; did you mean “\(near)”?" }
        guard !candidates.isEmpty else { return "" }
        guard candidates.count <= 12 else { return "" }
        return "; there are: \(candidates.sorted().joined(separator: ", "))"
    }

    /// How many bytes to change, add, leave out, or swap with their neighbour lead from one to the
    /// other, none of them touched twice (optimal string alignment).
    private static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left.utf8)
        let right = Array(right.utf8)
        // The rows for the last two prefixes of `left`.
        var above: [Int] = []
        var last = Array(0...right.count)
        for row in left.indices {
            var current = [row + 1]
            for column in right.indices {
                let change = last[column] + (left[row] == right[column] ? 0 : 1)
                var best = min(change, last[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, left[row] == right[column - 1],
                    left[row - 1] == right[column]
                {
                    best = min(best, above[column - 1] + 1)
                }
                current.append(best)
            }
            (above, last) = (last, current)
        }
        return last[right.count]
    }
}

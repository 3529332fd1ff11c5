/// One thing that is wrong with a document, where it is, and what would be right.
package struct DocumentProblem: Sendable, Hashable, CustomStringConvertible {
    package var file: String
    /// From 1; nil where the problem has no place.
    package var line: Int?
    /// `rules[2].actions[0].store.bucket` for instance; empty at the top.
    package var path: String
    package var message: String

    package init(file: String, line: Int?, path: String, message: String) {
        self.file = file
        self.line = line
        self.path = path
        self.message = message
    }

    /// `rules/demo.yaml:12: rules[2].name: …`.
    package var description: String {
        let place = line.map { "\(file):\($0)" } ?? file
        let text = path.isEmpty ? "\(place): \(message)" : "\(place): \(path): \(message)"
        return text.withControlsEscaped
    }
}

/// Everything that is wrong with one or more documents.
package struct DocumentProblems: Error, Sendable, CustomStringConvertible {
    package var problems: [DocumentProblem]

    package init(_ problems: [DocumentProblem]) {
        self.problems = problems
    }

    package var description: String {
        problems.map(\.description).joined(separator: "\n")
    }
}

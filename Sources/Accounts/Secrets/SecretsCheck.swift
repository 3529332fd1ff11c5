/// How the sealed secrets of an installation stand: how many open under its key, and which do not.
package struct SecretsCheck: Sendable, Hashable {
    package enum Finding: Sendable, Hashable {
        case allOpen
        /// Nothing opens, and something says that it was sealed under another key.
        case otherKey(SecretBox.Failure)
        /// The key is right, as far as can be seen: these alone do not open.
        case damaged([SecretBox.Failure])
    }

    private var openedCount = 0
    private var failures: [SecretBox.Failure] = []

    package init() {}

    /// Notes whether `open` opens a secret; says whether it did.
    @discardableResult
    mutating func note(_ open: () throws(SecretBox.Failure) -> Void) -> Bool {
        do throws(SecretBox.Failure) {
            try open()
            openedCount += 1
            return true
        } catch {
            failures.append(error)
            return false
        }
    }

    /// Both together.
    package func with(_ other: SecretsCheck) -> SecretsCheck {
        var both = self
        both.openedCount += other.openedCount
        both.failures += other.failures
        return both
    }

    package var finding: Finding {
        guard !failures.isEmpty else { return .allOpen }
        if openedCount == 0, let other = failures.first(where: \.isOfOtherKey) {
            return .otherKey(other)
        }
        return .damaged(failures)
    }
}

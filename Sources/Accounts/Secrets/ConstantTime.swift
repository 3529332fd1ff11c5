extension Collection<UInt8> {
    /// Whether these are the same bytes, in a time that their number alone decides.
    func isSame(as other: some Collection<UInt8>) -> Bool {
        guard count == other.count else { return false }
        return zip(self, other).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

/// What one request may cost.
package struct S3Limits: Sendable, Equatable {
    /// Of an object that is put.
    package var objectBytesMax: Int
    /// Of an object in memory at once.
    static let pieceBytes = 262_144

    package init(objectBytesMax: Int) {
        self.objectBytesMax = objectBytesMax
    }
}

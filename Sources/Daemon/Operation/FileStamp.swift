import Foundation

/// What differs when a file was changed or another has taken its place.
struct FileStamp: Equatable {
    private let changed: Date?
    private let bytes: Int?
    private let number: Int?

    /// Of what a symbolic link at `path` leads to; nil where nothing is that can be seen.
    init?(ofFileAt path: String) {
        let file = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: file) else {
            return nil
        }
        changed = attributes[.modificationDate] as? Date
        bytes = attributes[.size] as? Int
        number = attributes[.systemFileNumber] as? Int
    }
}

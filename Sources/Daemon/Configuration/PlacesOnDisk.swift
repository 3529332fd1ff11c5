import Documents
import Glibc

/// The folders and files that a configuration gives away, and where two of them meet: a bucket's
/// listing shows its objects alone, and nobody writes where the server keeps its own.
struct PlacesOnDisk {
    private struct Place {
        /// As it is known to people.
        let path: String
        /// Without symbolic links.
        let real: String
        /// `bucket “mail”`.
        let name: String
        /// Where the document says so.
        let value: DocumentValue

        init(path: String, name: String, value: DocumentValue) {
            self.path = path
            self.name = name
            self.value = value
            real = PlacesOnDisk.real(path)
        }
    }

    /// What the server makes in its data folder, beside what an operator may put there.
    static let ownNames = [
        "spool", "handlers", "tls", "sns", "receipt.key", "control.sock", "submit.sock",
        "lock",
    ]

    private let data: String?
    private var buckets: [Place] = []
    private var files: [Place] = []

    /// `dataDirectory` is nil where the document has none that could be.
    init(dataDirectory: String?) {
        data = dataDirectory
    }

    mutating func addBucket(_ name: String, folder: String, _ value: DocumentValue) {
        buckets.append(Place(path: folder, name: "bucket “\(name)”", value: value))
    }

    mutating func addSubscriber(file: String, _ value: DocumentValue) {
        files.append(Place(path: file, name: "", value: value))
    }

    /// `folder`: the one that Maildirs lie in.
    mutating func addMaildirs(folder: String, _ value: DocumentValue) {
        files.append(Place(path: folder, name: "", value: value))
    }

    /// Notes where they meet, each with the later place of the document.
    func noteMeetings() {
        var given: [Place] = []
        for bucket in buckets.sorted(by: { ($0.value.line ?? 0) < ($1.value.line ?? 0) }) {
            if let problem = problem(bucket, given) {
                bucket.value.note(problem)
            } else {
                given.append(bucket)
            }
        }
        for file in files {
            if let problem = problem(file, given) { file.value.note(problem) }
        }
    }

    private func problem(_ place: Place, _ given: [Place]) -> String? {
        if let data {
            let real = Self.real(data)
            if Self.isInside(real, place.real) { return "the data folder, \(data), lies there" }
            for name in Self.ownNames where Self.isInside(place.real, "\(real)/\(name)") {
                return "\(data)/\(name) is the server's own"
            }
        }
        return given.lazy.compactMap { Self.meeting(place, $0) }.first
    }

    private static func meeting(_ place: Place, _ other: Place) -> String? {
        if place.real == other.real {
            return "\(place.path) is the folder of \(other.name) already"
        }
        if isInside(place.real, other.real) {
            return "\(place.path) lies in the folder of \(other.name), whose listing would show it"
        }
        guard isInside(other.real, place.real) else { return nil }
        return "the folder of \(other.name), \(other.path), lies in it"
    }

    /// Whether `path` is `folder` or lies in it.
    static func isInside(_ path: String, _ folder: String) -> Bool {
        path == folder || path.hasPrefix(folder == "/" ? "/" : folder + "/")
    }

    /// `path` without the symbolic links in what there is of it.
    static func real(_ path: String) -> String {
        var head = path[...]
        while let slash = head.lastIndex(of: "/"), slash > head.startIndex {
            if let found = realpath(String(head), nil) {
                defer { free(found) }
                return String(cString: found) + path[head.endIndex...]
            }
            head = head[..<slash]
        }
        return path
    }
}

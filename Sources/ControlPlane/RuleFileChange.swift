import RuleEngine
import Storage

/// What has to be written so that a rules folder has a former version of a rule set again.
struct RuleFileChange {
    /// The set's file.
    let file: String
    /// The new texts of files that are to differ, by their names.
    private(set) var texts: [String: String] = [:]
    /// What stands in their places and in no version.
    private(set) var unknown: [String: String] = [:]

    /// `files`: the folder as it is. `known`: what the present version was read from.
    init(
        from files: [(file: String, text: String)], file: String, to source: RuleSetSource,
        known: RuleSetSource?
    ) {
        self.file = file
        let present = Dictionary(
            files.map { (LoadedRuleSets.name(ofFile: $0.file), $0.text) }
        ) { first, _ in first }
        put(source.text, file, present, known?.text)
        for (list, text) in source.lists {
            let name = "\(list).list"
            let entries = try? AddressListDocument.read(text, file: name)
            let others = present[name].flatMap { try? AddressListDocument.read($0, file: name) }
            guard others == nil || others != entries else { continue }
            put(text, name, present, known?.lists[list])
        }
    }

    private mutating func put(
        _ text: String, _ name: String, _ present: [String: String], _ known: String?
    ) {
        guard present[name] != text else { return }
        texts[name] = text
        if let stands = present[name], stands != known { unknown[name] = stands }
    }
}

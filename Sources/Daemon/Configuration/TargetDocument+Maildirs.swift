import Documents
import Storage

extension TargetDocument {
    /// The Maildirs that rules deliver into, by name.
    mutating func maildirs(_ value: DocumentValue?) -> [String: MaildirPattern] {
        var maildirs: [String: MaildirPattern] = [:]
        for (name, entry) in named(value) {
            guard let mapping = entry.mapping(keys: ConfigurationSchema.keys(at: "maildirs.*")),
                let place = mapping.required("path"), let text = place.string(),
                let pattern = pattern(text, place)
            else { continue }
            if SettingReader.isFolder(pattern.base) == false {
                place.note("\(pattern.base) is a file, expected a folder")
                continue
            }
            // Where a name is filled in, any folder there may become one.
            let isOne = !text.contains("${")
            places.addMaildirs(folder: isOne ? text : pattern.base, place)
            maildirs[name] = pattern
        }
        return maildirs
    }

    private func pattern(_ text: String, _ place: DocumentValue) -> MaildirPattern? {
        do throws(MaildirPattern.Problem) {
            return try MaildirPattern(text)
        } catch {
            switch error {
            case .noPath:
                place.note(
                    "“\(text)” is no absolute path, none of whose parts is empty, “.” or “..”")
            case .openName: place.note("“${” begins no name that “}” ends")
            case .unknownName(let name):
                let hint = NearMiss.hint(name, among: MaildirPattern.Name.allCases.map(\.rawValue))
                place.note("nothing is called “\(name)”\(hint)")
            }
            return nil
        }
    }
}

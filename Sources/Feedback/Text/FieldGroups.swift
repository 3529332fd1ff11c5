/// Fields in groups that empty lines part: how delivery status notifications and feedback reports
/// are written. RFC 3464 §2.1, RFC 5965 §3. Reading never fails: a line that is no field and
/// continues none is passed over.
struct FieldGroups: Sendable {
    struct Field: Sendable, Hashable {
        /// In lower case.
        var name: String
        /// Unfolded.
        var value: String
    }

    /// Fields of all groups that are read.
    static let fieldsMax = 10_000

    private(set) var groups: [[Field]] = []

    init(_ text: String) { self.init(lines: text.lines()) }

    init(lines: [String]) {
        var group: [Field] = []
        var count = 0
        for line in lines where count < Self.fieldsMax {
            if line.utf8.allSatisfy({ $0 == 32 || $0 == 9 }) {
                if !group.isEmpty { groups.append(group) }
                group = []
            } else if let first = line.utf8.first, first == 32 || first == 9, !group.isEmpty {
                group[group.count - 1].value += " \(line.trimmed())"
            } else if let field = Self.field(line) {
                group.append(field)
                count += 1
            }
        }
        if !group.isEmpty { groups.append(group) }
    }

    /// `Name: value`.
    static func field(_ line: String) -> Field? {
        guard let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        let name = line[..<colon].trimmed()
        guard !name.isEmpty, name.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else { return nil }
        return Field(
            name: name.lowercased(), value: line[line.utf8.index(after: colon)...].trimmed())
    }
}

extension [FieldGroups.Field] {
    /// The value of the first field called `name`, in lower case; nil if it is empty.
    func value(_ name: String) -> String? {
        first { $0.name == name && !$0.value.isEmpty }?.value
    }

    func values(_ name: String) -> [String] { filter { $0.name == name }.map(\.value) }

    /// As `value`, without the type that stands before it: `type; a@b`. RFC 3464 §2.1.2
    func typedValue(_ name: String) -> (type: String, value: String)? {
        guard let value = value(name) else { return nil }
        guard let semicolon = value.firstIndex(of: ";") else { return ("", value) }
        let rest = value[value.index(after: semicolon)...].trimmed()
        return rest.isEmpty ? nil : (value[..<semicolon].trimmed().lowercased(), rest)
    }
}

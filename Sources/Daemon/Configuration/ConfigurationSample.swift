/// The commented sample, made of the schema.
package enum ConfigurationSample {
    /// What stands for the `*` of a setting: the names of the first entry that begins its path.
    private static let exampleNames: [(path: String, names: [String])] = [
        ("buckets.*.endpoint", ["archive"]), ("buckets.*.region", ["archive"]),
        ("buckets.*.bucket", ["archive"]), ("buckets.*.accessKeyId", ["archive"]),
        ("buckets.*.secretFile", ["archive"]), ("buckets.*.timeoutSeconds", ["archive"]),
        ("buckets.*.putsMax", ["archive"]), ("buckets.", ["mail"]), ("maildirs.", ["home"]),
        ("webhooks.", ["tickets"]),
        ("handlers.*.processesMax", ["ticket"]), ("handlers.*.processes", ["filter"]),
        ("handlers.*.worker", ["filter"]), ("handlers.*.function", ["lambda"]),
        ("handlers.", ["ticket"]),
        ("topics.*.*.file", ["received", "log"]), ("topics.*.*", ["received", "web"]),
        ("topics.", ["received"]),
    ]

    package static var text: String {
        var lines = ["# Every setting of Martlet, with its default. Check yours: martlet check"]
        var open: [String] = []
        for setting in ConfigurationSchema.settings {
            let parts = names(setting.path)
            let parents = Array(parts.dropLast())
            // Everything under a chosen name is an example: nothing of it stands by default.
            let isExample = setting.isExample || setting.path.contains("*")
            let mark = isExample ? "# " : ""
            if parents.first != open.first || parents.isEmpty { lines.append("") }
            for depth in parents.indices
            where depth >= open.count || open[...depth] != parents[...depth] {
                let isAllExample = isExample && !hasDefaults(parents[0])
                lines.append((isAllExample ? "# " : "") + indent(depth) + "\(parents[depth]):")
            }
            open = parents
            for comment in setting.comment.split(separator: "\n") {
                lines.append(mark + indent(parents.count) + "# \(comment)")
            }
            let value = setting.defaultText.isEmpty ? "" : " \(setting.defaultText)"
            lines.append(mark + indent(parents.count) + "\(setting.key):\(value)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The parts of `path`, with a name for each `*`.
    private static func names(_ path: String) -> [String] {
        var names = (exampleNames.first { path.hasPrefix($0.path) }?.names ?? [])[...]
        return path.split(separator: ".").map { part in
            part == "*" ? names.popFirst() ?? "name" : String(part)
        }
    }

    /// Whether anything in the section stands by default.
    private static func hasDefaults(_ section: String) -> Bool {
        ConfigurationSchema.settings.contains {
            $0.path.hasPrefix(section + ".") && !$0.isExample && !$0.path.contains("*")
        }
    }

    private static func indent(_ depth: Int) -> String { String(repeating: "  ", count: depth) }
}

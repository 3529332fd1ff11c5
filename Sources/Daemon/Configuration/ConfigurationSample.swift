/// The commented sample, made of the schema.
package enum ConfigurationSample {
    private static let names = [
        "buckets.*": "mail", "handlers.*": "ticket", "topics.*": "received",
        "topics.*.*": "log",
    ]

    package static var text: String {
        var lines = ["# Every setting of Martlet, with its default. Check yours: martlet check"]
        var open: [String] = []
        for setting in ConfigurationSchema.settings {
            let parts = setting.path.split(separator: ".").map(String.init)
            let parents = Array(parts.dropLast())
            // Everything under a chosen name is an example: nothing of it stands by default.
            let isExample = setting.isExample || setting.path.contains("*")
            let mark = isExample ? "# " : ""
            if parents.first != open.first || parents.isEmpty { lines.append("") }
            for depth in parents.indices
            where depth >= open.count || open[...depth] != parents[...depth] {
                let path = parents[...depth].joined(separator: ".")
                let name = names[path] ?? parents[depth]
                let isAllExample =
                    isExample && !ConfigurationSchema.settings.contains {
                        $0.path.hasPrefix(parents[0] + ".") && !$0.isExample
                            && !$0.path.contains("*")
                    }
                lines.append((isAllExample ? "# " : "") + indent(depth) + "\(name):")
            }
            open = parents
            for comment in setting.comment.split(separator: "\n") {
                lines.append(mark + indent(parents.count) + "# \(comment)")
            }
            let value = setting.defaultText.isEmpty ? "" : " \(setting.defaultText)"
            lines.append(mark + indent(parents.count) + "\(parts[parts.count - 1]):\(value)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func indent(_ depth: Int) -> String { String(repeating: "  ", count: depth) }
}

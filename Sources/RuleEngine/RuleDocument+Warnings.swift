package import Documents

extension RuleDocument {
    /// What of `ruleSet` can never happen, each with its line; `text` is what it was read from, YAML or
    /// SES's JSON by the ending of `file`.
    package static func warnings(
        about ruleSet: ReceiptRuleSet, in text: String, file: String, mailBytesMax: Int? = nil
    ) -> [DocumentProblem] {
        let findings = RuleReach.findings(in: ruleSet, mailBytesMax: mailBytesMax)
        guard !findings.isEmpty else { return [] }
        let isJSON = file.hasSuffix(".json")
        let root = DocumentReader(file: file, text: text).root(keys: [])
        let rules = root?.list(isJSON ? "Rules" : "rules") ?? []
        return findings.map { finding in
            let rule = rules.indices.contains(finding.rule) ? rules[finding.rule] : nil
            let actions = rule?.mapping(keys: [])?.list(isJSON ? "Actions" : "actions") ?? []
            let action = finding.action.flatMap {
                actions.indices.contains($0) ? actions[$0] : nil
            }
            return DocumentProblem(
                file: file, line: (action ?? rule)?.line, path: (action ?? rule)?.path ?? "",
                message: finding.message)
        }
    }
}

import ControlPlane
import Daemon
import Documents
import Foundation
import RuleEngine

extension FuzzTarget {
    /// A rule file in YAML: it loads whole and can be written in every form again, or each problem
    /// is one line of text that a terminal may show.
    static let rules = FuzzTarget("rules") { bytes in
        let text = String(decoding: bytes, as: UTF8.self)
        do {
            let ruleSet = try RuleDocument.read(text, file: "f", catalogue: .unchecked)
            try RuleForms.check(ruleSet)
        } catch let problems as DocumentProblems {
            try RuleForms.check(problems)
        }
    }

    /// As `rules`, in SES's JSON.
    static let sesRules = FuzzTarget("ses-rules") { bytes in
        let text = String(decoding: bytes, as: UTF8.self)
        do {
            let ruleSet = try SESRuleDocument.read(text, file: "f", catalogue: .unchecked)
            try RuleForms.check(ruleSet)
        } catch let problems as DocumentProblems {
            try RuleForms.check(problems)
        }
    }

    /// A handler's answer: what it asks for is of the few kinds that it may ask for and as it stands
    /// there, with nothing to fill in, and is the same once it was kept.
    static let handlerAnswer = FuzzTarget("handler-answer") { bytes in
        do {
            let answer = try HandlerAnswer(
                bytes, of: "f", catalogue: .unchecked, subject: "${mailFrom}")
            try require(answer.actions.count <= HandlerAnswer.actionsMax, "too many actions")
            let kinds: Set = [
                "reply", "forward", "bounce", "notify", "tag", "addHeader", "removeHeader", "stop",
            ]
            try require(kinds.isSuperset(of: answer.actions.map(\.kind)), "\(answer.actions)")
            let kept = try JSONEncoder().encode(answer.actions)
            try requireEqual(
                try JSONDecoder().decode([ReceiptAction].self, from: kept), answer.actions,
                "as kept")
        } catch let problems as DocumentProblems {
            try RuleForms.check(problems)
        }
    }

    /// A configuration; its relative paths lead nowhere.
    static let configuration = FuzzTarget("configuration") { bytes in
        let text = String(decoding: bytes, as: UTF8.self)
        do {
            _ = try ConfigurationDocument.read(text, path: "/nonexistent/martlet.yaml", ourUser: 1)
        } catch let problems as DocumentProblems {
            try RuleForms.check(problems)
        }
    }

    /// What comes over the control socket: a request that was understood means the same again.
    static let control = FuzzTarget("control") { bytes in
        guard let request = try? JSONDecoder().decode(ControlRequest.self, from: Data(bytes)) else {
            return
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let written = try encoder.encode(request)
        let again = try JSONDecoder().decode(ControlRequest.self, from: written)
        try requireEqual(try encoder.encode(again), written, "a request written again")
    }
}

private enum RuleForms {
    static func check(_ ruleSet: ReceiptRuleSet) throws {
        let yaml = RuleDocument.text(of: ruleSet)
        try requireEqual(
            try RuleDocument.read(yaml, file: "f", catalogue: .unchecked), ruleSet, "as YAML")
        try requireEqual(
            ReceiptRuleSet(canonicalJSON: ruleSet.canonicalJSON), ruleSet, "as canonical JSON")
        let json = SESRuleDocument.text(of: ruleSet, createdAt: "2026-01-01T00:00:00Z")
        let imported = try SESRuleDocument.read(json, file: "f", catalogue: .unchecked)
        try requireEqual(
            SESRuleDocument.text(of: imported, createdAt: "2026-01-01T00:00:00Z"), json, "as SES's")
        _ = RuleEvaluator(ruleSet: ruleSet).version
    }

    static func check(_ problems: DocumentProblems) throws {
        try require(!problems.problems.isEmpty, "refused without a problem")
        for problem in problems.problems {
            let text = problem.description
            try require(!text.unicodeScalars.contains(where: \.isControlling), "\(text)")
        }
    }
}

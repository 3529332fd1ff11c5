import Foundation
import MailModel

/// What libmime's tests say of encoded words, of parameters, of flowed text and of charsets. What they
/// say of writing is left out: that is no reader's.
enum LibmimeSuite: OutsideSuite {
    static let name = "mime-words-libmime"

    static func results(in folder: String) throws -> [SuiteResult] {
        let cases = try SuiteFiles.json("\(folder)/cases.json") as? [[String: Any]]
        return (cases ?? []).flatMap { results(of: $0) }
    }

    private static func results(of entry: [String: Any]) -> [SuiteResult] {
        let calls = entry["calls"] as? [[String: Any]] ?? []
        let expectations = entry["expect"] as? [[String: Any]] ?? []
        let name = "\(entry["suite"] as? String ?? "") \(entry["name"] as? String ?? "")"
        return zip(calls, expectations).compactMap { call, expectation in
            guard let function = call["fn"] as? String,
                let arguments = call["args"] as? [Any],
                let ours = answer(function, arguments)
            else { return nil }
            return SuiteResult(
                case: "\(name) \(call["id"] as? String ?? "")", step: function,
                theirs: Shown.text(shown(expected(expectation))), ours: Shown.text(ours))
        }
    }

    /// What was recorded of a comparison: the one side that is no reference to a call.
    private static func expected(_ expectation: [String: Any]) -> Any {
        let subject = expectation["subject"] ?? ""
        guard (subject as? [String: Any])?["$ref"] != nil,
            let chain = expectation["chain"] as? [Any],
            let arguments = (chain.last as? [String: Any])?["args"] as? [Any]
        else { return subject }
        return arguments.first ?? ""
    }

    private static func answer(_ function: String, _ arguments: [Any]) -> String? {
        let text = arguments.first as? String ?? ""
        let bytes = Data(
            base64Encoded: (arguments.first as? [String: String])?["$base64"] ?? "")
        switch function {
        case "decodeWords": return EncodedWords.decode(Array(text.utf8))
        case "decodeWord":
            let parts = arguments.compactMap { $0 as? String }
            return EncodedWords.decode(Array("=?\(parts.joined(separator: "?"))?=".utf8))
        case "parseHeaderValue" where !text.hasPrefix("content-disposition"):
            return parameters(text)
        case "decodeFlowed":
            return FlowedText.unwrapped(text, isSpaceDeleted: arguments.last as? Bool ?? false)
        case "decode", "convert":
            guard let bytes, let label = arguments.last as? String else { return nil }
            return Charset(label)?.text(Array(bytes))
        default: return nil
        }
    }

    private static func parameters(_ text: String) -> String {
        let type = ContentType(Array(text.utf8)[...])
        let parameters =
            type?.parameters ?? ContentDisposition(Array(text.utf8)[...]).parameters
        let names = Set(
            ["charset", "format", "filename", "name", "single_encoded", "multi_encoded"]
                + ["no_charset", "x-apple-part-url"])
        let values = names.sorted().compactMap { name in
            parameters[name].map { "\(name)=\($0)" }
        }
        return "\(type?.essence ?? ""); \(values.joined(separator: "; "))"
    }

    private static func shown(_ theirs: Any) -> String {
        if let text = theirs as? String { return text }
        guard let object = theirs as? [String: Any] else { return "\(theirs)" }
        if let base64 = object["$base64"] as? String, let bytes = Data(base64Encoded: base64) {
            return String(decoding: bytes, as: UTF8.self)
        }
        let parameters = object["params"] as? [String: String] ?? [:]
        let values = parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return "\(object["value"] as? String ?? ""); \(values.joined(separator: "; "))"
    }
}

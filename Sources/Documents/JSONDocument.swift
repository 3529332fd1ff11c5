import Foundation
import Yams

/// JSON as the nodes of a document, so that one reader is enough for both. It is read as JSON, not as
/// the YAML that it nearly is: halves of UTF-16 pairs and characters that YAML does not have mean here
/// what they mean there. No value knows its line.
enum JSONDocument {
    /// Nil where `bytes` are no JSON.
    static func node(_ bytes: [UInt8]) -> Node? {
        let value = try? JSONSerialization.jsonObject(
            with: Data(bytes), options: [.fragmentsAllowed])
        return value.map(node)
    }

    private static func node(_ value: Any) -> Node {
        switch value {
        case let text as String: Node(text, Tag(.str), .doubleQuoted)
        case let list as [Any]: Node(list.map(node))
        case let object as [String: Any]:
            Node(object.sorted { $0.key < $1.key }.map { (Node($0.key), node($0.value)) })
        case let number as NSNumber: Node(text(of: number), .implicit, .plain)
        default: Node("null", .implicit, .plain)
        }
    }

    /// JSON's numbers are never single bytes, which true and false are.
    private static func text(of number: NSNumber) -> String {
        guard String(cString: number.objCType) == "c" else { return number.stringValue }
        return number.boolValue ? "true" : "false"
    }
}

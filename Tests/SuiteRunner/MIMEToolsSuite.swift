import Foundation
import MailModel

/// The mails of MIME-tools with the tree that mime4j reads in them: its shape, how many fields each
/// header block has, and every body decoded.
enum MIMEToolsSuite: OutsideSuite {
    static let name = "mime-mimetools"

    static func results(in folder: String) throws -> [SuiteResult] {
        var results: [SuiteResult] = []
        for path in try SuiteFiles.paths(in: folder, ending: "_decoded.xml") {
            let stem = path.dropLast("_decoded.xml".count)
            let mail = MIMEMessage(try SuiteFiles.bytes("\(folder)/\(stem).msg"))
            var tree = DecodedTree(try SuiteFiles.bytes("\(folder)/\(path)"))
            tree.read()
            func add(_ step: String, _ theirs: String, _ ours: String) {
                results.append(
                    SuiteResult(case: "\(stem) \(step)", step: "read", theirs: theirs, ours: ours))
            }
            add("tree", tree.shape, shape(mail.root))
            let parts = allParts(of: mail)
            add("fields", "\(tree.fieldCounts)", "\(parts.map { $0.header.fields.count })")
            let leaves = parts.filter { !$0.isMultipart && !$0.isMessage }
            for (index, name) in tree.bodies.enumerated() {
                let theirs = try SuiteFiles.bytes("\(folder)/\(name)")
                let ours = index < leaves.count ? leaves[index].decodedBody() : []
                let isText = name.hasSuffix(".txt")
                add(
                    "body \(index)", Shown.bytes(isText ? SuiteFiles.withLF(theirs) : theirs),
                    Shown.bytes(isText ? SuiteFiles.withLF(ours) : ours))
            }
        }
        return results
    }

    /// Those of messages that are encoded as a whole, too.
    private static func allParts(of mail: MIMEMessage) -> [MIMEPart] {
        mail.parts.flatMap { part in
            [part] + (part.encodedMessage().map { allParts(of: $0) } ?? [])
        }
    }

    private static func shape(_ part: MIMEPart) -> String {
        let children = part.encodedMessage().map { [$0.root] } ?? part.children
        let inner = children.map(shape).joined(separator: ",")
        if part.isMultipart { return "multipart(\(inner))" }
        return part.isMessage ? "message(\(inner))" : "body"
    }
}

/// What mime4j's listing of a tree says. It is XML but for its text, which is in no encoding, so it
/// is read by its marks alone.
private struct DecodedTree {
    private let bytes: [UInt8]
    private(set) var shape = ""
    private(set) var fieldCounts: [Int] = []
    private(set) var bodies: [String] = []
    private var depth = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func read() {
        for mark in marks() {
            let name = mark.prefix { $0 != " " }
            switch name {
            case "header": fieldCounts.append(0)
            case "field": fieldCounts[fieldCounts.count - 1] += 1
            case "message":
                if depth > 0 { open("message(") }
                depth += 1
            case "/message":
                depth -= 1
                if depth > 0 { shape += ")" }
            case "multipart": open("multipart(")
            case "/multipart": shape += ")"
            case "text-body", "binary-body":
                open("body")
                bodies.append(String(mark.split(separator: "\"")[1]))
            default: break
            }
        }
    }

    private mutating func open(_ text: String) {
        if let last = shape.last, last != "(" { shape += "," }
        shape += text
    }

    private func marks() -> [String] {
        var marks: [String] = []
        var start: Int?
        for (index, byte) in bytes.enumerated() {
            if byte == UInt8(ascii: "<") { start = index + 1 }
            if byte == UInt8(ascii: ">"), let from = start {
                marks.append(String(decoding: bytes[from..<index], as: UTF8.self))
                start = nil
            }
        }
        return marks
    }
}

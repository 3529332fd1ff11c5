import Foundation
import MailModel

/// Mails with what mail-parser reads in them, once with LF and once with CRLF: the tree of parts, what
/// is text, HTML and attachment, contents, subjects and addresses.
///
/// What it calls attachments is what `MIMEAttachments` lists: everything that is carried beside the
/// text, media that are shown with it too. It undoes no uuencode, so such bodies are compared as they
/// came. U+FFFD in its texts says that it could not read a byte: any one character beyond ASCII is
/// taken for an answer there, and all around it is compared.
enum MailParserSuite: OutsideSuite {
    static let name = "mime-stalwart"

    static func results(in folder: String) throws -> [SuiteResult] {
        var results: [SuiteResult] = []
        for path in try SuiteFiles.paths(in: folder, ending: ".eml") {
            let stem = "\(folder)/\(path.dropLast(4))"
            let bytes = try SuiteFiles.bytes("\(stem).eml")
            // Its LF form has no CR at all.
            let unix = bytes.filter { $0 != 13 }
            for (form, mail) in [("json", unix), ("crlf.json", SuiteFiles.withCRLF(bytes))] {
                guard let theirs = try SuiteFiles.json("\(stem).\(form)") as? [String: Any] else {
                    continue
                }
                let line = form == "json" ? "LF" : "CRLF"
                results += Comparison(name: path, form: line, message: MIMEMessage(mail))
                    .compare(theirs)
            }
        }
        return results
    }

    private struct Comparison {
        var name: String
        /// The line ends of the mail.
        var form: String
        var prefix = ""
        private let message: MIMEMessage
        private let attached: Set<Int>

        init(name: String, form: String, message: MIMEMessage) {
            self.name = name
            self.form = form
            self.message = message
            let listed = MIMEAttachments(of: message).list
                .filter { $0.container == .part && !$0.section.contains("/") }
            let sections = Set(listed.map(\.section))
            attached = Set(
                zip(message.parts, message.sections)
                    .filter { !$0.isMultipart && sections.contains($1) }.map(\.0.index))
        }

        private func result(_ step: String, _ theirs: String, _ ours: String) -> SuiteResult {
            SuiteResult(case: "\(name) \(prefix)\(step)", step: form, theirs: theirs, ours: ours)
        }

        func compare(_ theirs: [String: Any]) -> [SuiteResult] {
            let root = message.root
            let parts = theirs["parts"] as? [[String: Any]] ?? []
            let mine = Self.flattened(root)
            let structure = result("structure", Self.structure(parts, 0), Self.structure(root))
            // The parts of another tree are no answers to compare.
            guard structure.theirs == structure.ours else { return [structure] }
            var results = [structure]
            let bodies = MIMEBodies(message)
            for (list, part) in [
                ("text_body", bodies.text), ("html_body", bodies.html),
                ("attachments", mine.filter { attached.contains($0.index) }),
            ] {
                let indices = part.map { part in
                    mine.firstIndex { $0.index == part.index } ?? -1
                }
                results.append(
                    result(list, "\(theirs[list] as? [Int] ?? [])", "\(indices)"))
            }
            results += headers(parts.first ?? [:], root.header)
            for (index, part) in parts.enumerated() where index < mine.count {
                results += body(part["body"], mine[index], index)
            }
            return results
        }

        private func body(_ theirs: Any?, _ part: MIMEPart, _ index: Int) -> [SuiteResult] {
            guard let body = theirs as? [String: Any], let (kind, value) = body.first else {
                return []
            }
            if let text = value as? String {
                let ours =
                    part.transferEncoding == .uuencode
                    ? String(decoding: part.rawBody, as: UTF8.self) : part.text()
                return [textResult("part \(index)", text, ours)]
            }
            if kind.hasSuffix("Binary"), let bytes = value as? [Int] {
                return [
                    result(
                        "part \(index)", Shown.bytes(bytes.map { UInt8($0) }),
                        Shown.bytes(
                            part.transferEncoding == .uuencode
                                ? Array(part.rawBody) : part.decodedBody()))
                ]
            }
            guard let theirs = value as? [String: Any], part.isMessage else { return [] }
            let inner = part.encodedMessage() ?? MIMEMessage(Array(part.rawBody))
            var comparison = Comparison(name: name, form: form, message: inner)
            comparison.prefix = "\(prefix)\(index)/"
            return comparison.compare(theirs)
        }

        private func textResult(_ step: String, _ theirs: String, _ ours: String) -> SuiteResult {
            result(step, Shown.text(Self.known(theirs, ours)), Shown.text(ours))
        }

        /// `theirs` with our characters beyond ASCII where they could read none.
        private static func known(_ theirs: String, _ ours: String) -> String {
            guard theirs.unicodeScalars.count == ours.unicodeScalars.count else { return theirs }
            let scalars = zip(theirs.unicodeScalars, ours.unicodeScalars)
                .map { $0 == "\u{FFFD}" && !$1.isASCII ? $1 : $0 }
            return String(String.UnicodeScalarView(scalars))
        }

        private func headers(_ part: [String: Any], _ header: HeaderBlock) -> [SuiteResult] {
            var results: [SuiteResult] = []
            for theirs in part["headers"] as? [[String: Any]] ?? [] {
                guard let name = theirs["name"] as? String, let value = theirs["value"] else {
                    continue
                }
                if name == "subject", let text = (value as? [String: Any])?["Text"] as? String {
                    let ours = header.first("Subject")?.decodedText ?? ""
                    results.append(textResult(name, text, ours))
                }
                guard let address = (value as? [String: Any])?["Address"] as? [String: Any] else {
                    continue
                }
                let ours = AddressList.mailboxes(header.first(name)?.body ?? [])
                let mine = ours.map { Self.entry($0.name, $0.address) }.joined(separator: ", ")
                let known = Self.known(Self.addresses(address), mine)
                results.append(result(name, known, mine))
            }
            return results
        }

        private static func addresses(_ value: [String: Any]) -> String {
            let groups = value["Group"] as? [[String: Any]] ?? []
            let list =
                value["List"] as? [[String: Any]]
                ?? groups.flatMap { $0["addresses"] as? [[String: Any]] ?? [] }
            return list.map { entry($0["name"] as? String, $0["address"] as? String) }
                .joined(separator: ", ")
        }

        /// A word without an `@` they take for a name.
        private static func entry(_ name: String?, _ address: String?) -> String {
            "\(name ?? "") <\(address ?? "")>".replacing(" <>", with: "")
                .replacing(/^ <([^@]*)>$/) { "\($0.output.1)" }
        }

        // MARK: The tree

        /// Parts of the message that `root` is the header block of, without those of messages in it.
        private static func flattened(_ root: MIMEPart) -> [MIMEPart] {
            guard !root.isMessage else { return [root] }
            return [root] + root.children.flatMap { flattened($0) }
        }

        private static func structure(_ part: MIMEPart) -> String {
            let inner =
                part.encodedMessage().map { [$0.root] } ?? part.children
            guard part.isMultipart || part.isMessage else { return part.contentType.essence }
            return "\(part.contentType.essence)(\(inner.map(structure).joined(separator: ",")))"
        }

        private static func structure(_ parts: [[String: Any]], _ index: Int) -> String {
            let part = parts[index]
            let headers = part["headers"] as? [[String: Any]] ?? []
            let types = headers.compactMap { header -> String? in
                guard header["name"] as? String == "content_type",
                    let value = (header["value"] as? [String: Any])?["ContentType"],
                    let type = value as? [String: Any], let main = type["c_type"] as? String
                else { return nil }
                return "\(main)/\(type["c_subtype"] as? String ?? "?")".lowercased()
            }
            guard let (kind, value) = (part["body"] as? [String: Any])?.first else { return "?" }
            let type = types.last ?? (kind == "Message" ? "message/rfc822" : "text/plain")
            if let children = value as? [Int], kind == "Multipart" {
                let inner = children.map { structure(parts, $0) }.joined(separator: ",")
                return "\(type)(\(inner))"
            }
            guard let message = value as? [String: Any] else { return type }
            return "\(type)(\(structure(message["parts"] as? [[String: Any]] ?? [], 0)))"
        }
    }
}

package import Documents
import MailModel

/// A list of addresses that stands beside the rules, in a file called `NAME.list`: an address or
/// domain on each line, as among a rule's recipients; what begins with `#` is a comment.
package enum AddressListDocument {
    /// Of a list: the sets that name it hold its entries, in each of their versions.
    package static let entriesMax = 10_000

    /// What the list in `file` is called: its name without folders and ending.
    package static func name(of file: String) -> String {
        let name = file.split(separator: "/").last.map(String.init) ?? file
        return String(name.dropLast(".list".count))
    }

    /// A list that reads back to `entries`.
    package static func text(of entries: [RecipientCondition]) -> String {
        entries.map { "\($0.text)\n" }.joined()
    }

    /// Every problem is named with its line, but no more than 100 of them.
    package static func read(
        _ text: String, file: String
    ) throws(DocumentProblems) -> [RecipientCondition] {
        var entries: [RecipientCondition] = []
        var problems: [DocumentProblem] = []
        func note(_ message: String, line: Int?) {
            problems.append(DocumentProblem(file: file, line: line, path: "", message: message))
        }
        let name = name(of: file)
        if !RuleValues.isName(name) {
            note("“\(name)” is no name: \(RuleValues.nameRule)", line: nil)
        }
        for (index, line) in text.split(
            omittingEmptySubsequences: false, whereSeparator: \.isNewline
        )
        .enumerated() {
            let entry = line.trimmingPrefix(while: \.isWhitespace)
            let end = entry.lastIndex { !$0.isWhitespace }
            guard let end, entry.first != "#", problems.count < 100 else { continue }
            do throws(RecipientCondition.ParsingError) {
                entries.append(
                    try RecipientCondition(parsing: String(entry[...end]), allowsWildcards: true))
            } catch {
                note(error.message, line: index + 1)
            }
        }
        if entries.count > entriesMax {
            note("\(entries.count) entries; at most \(entriesMax) stand in a list", line: nil)
        }
        guard problems.isEmpty else { throw DocumentProblems(problems) }
        return entries
    }
}

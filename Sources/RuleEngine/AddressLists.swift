package import Documents

/// The address lists that stand beside rule sets, and what is wrong with some: a set that names a
/// broken one is not to be taken.
package struct AddressLists {
    package private(set) var entries: [String: [RecipientCondition]] = [:]
    /// By the list's name.
    package private(set) var broken: [String: DocumentProblems] = [:]

    package init() {}

    /// Takes in the list in `file`.
    package mutating func read(_ text: String, file: String) {
        let name = AddressListDocument.name(of: file)
        entries[name] = []
        do throws(DocumentProblems) {
            entries[name] = try AddressListDocument.read(text, file: file)
        } catch {
            broken[name] = error
        }
    }

    /// The broken ones that `ruleSet` names.
    package func broken(in ruleSet: ReceiptRuleSet) -> [String] {
        (ruleSet.lists ?? [:]).keys.filter { broken[$0] != nil }.sorted()
    }
}

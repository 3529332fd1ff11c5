package import Documents

/// What a handler says of a mail: how the rules go on, and what is done before they do.
package struct HandlerAnswer: Sendable, Hashable {
    /// Actions that one answer may ask for.
    package static let actionsMax = 20

    package var disposition: Disposition
    /// In their order; nothing is filled into them any more.
    package var actions: [ReceiptAction]

    package init(_ disposition: Disposition, actions: [ReceiptAction] = []) {
        self.disposition = disposition
        self.actions = actions
    }

    /// What an answer may ask for: what changes nothing but the mail and its way, and tells people. A
    /// handler that wants more, as an object or a program, is one.
    private static let actionNames = [
        "reply", "forward", "bounce", "notify", "tag", "addHeader", "removeHeader", "stop",
    ]

    /// Reads an answer's JSON; `handler` is named in what is wrong with it. The rest is as below.
    package init(
        _ json: [UInt8], of handler: String, catalogue: RuleCatalogue, subject: String
    ) throws(DocumentProblems) {
        let reader = DocumentReader(file: handler, json: json)
        self.init(.continueOn)
        if let root = reader.root(keys: []) {
            self.init(root, catalogue: catalogue, subject: subject)
        }
        try reader.finish()
    }

    /// Reads `{disposition: …, actions: […]}`, in which the actions are as rule files have them and are
    /// checked in the same way. Texts are what they are: `${` begins no place to fill in, since a
    /// handler quotes what senders write. `catalogue` has what actions may refer to, and `subject` is
    /// that of the mail, for the subject of a reply that has none.
    package init(_ answer: DocumentMapping, catalogue: RuleCatalogue, subject: String) {
        let values = RuleValues(catalogue: catalogue, templateNames: nil)
        self.init(
            answer["disposition"].flatMap { Disposition(reading: $0) } ?? .continueOn,
            actions: Self.actions(answer["actions"], values).map { action in
                action.filled { $0 == TemplateFact.subject.rawValue ? subject : nil }
            })
    }

    private static func actions(_ value: DocumentValue?, _ values: RuleValues) -> [ReceiptAction] {
        guard let value else { return [] }
        let entries = value.list()
        if entries.count > actionsMax {
            value.noteWhole("\(entries.count) actions; at most \(actionsMax) stand in an answer")
        }
        return entries.prefix(actionsMax).compactMap {
            RuleDocument.action($0, values, of: actionNames)
        }
    }
}

extension Disposition {
    /// Its case does not matter.
    init?(reading value: DocumentValue) {
        guard let text = value.string() else { return nil }
        let known = Disposition(rawValue: text.uppercased())
        guard let found = known ?? value.choice(Self.allCases.map { ($0.rawValue, $0) }) else {
            return nil
        }
        self = found
    }
}

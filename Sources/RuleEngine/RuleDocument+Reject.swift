import Documents
import MailModel

extension RuleDocument {
    private static let questionKeys = ["handler", "timeoutSeconds", "onFailure"]

    static func reject(_ value: DocumentValue, _ values: RuleValues) -> ReceiptAction? {
        guard let reject = value.mapping(keys: ["code", "status", "text"] + questionKeys) else {
            return nil
        }
        // Of a code that is wrong nothing more is said.
        let known = reject["code"].map(refusingCode) ?? 550
        let code = known ?? 550
        let status = known.flatMap { code in
            reject["status"].flatMap { RuleValues.status($0, of: code) }
        }
        return .reject(
            code: code,
            status: status ?? EnhancedStatus(class: code / 100, subject: 7, detail: 1),
            text: reject["text"].flatMap { values.replyText($0) } ?? "Not wanted here",
            asking: question(reject, values))
    }

    private static func question(
        _ reject: DocumentMapping, _ values: RuleValues
    ) -> SessionQuestion? {
        guard reject["handler"] != nil else {
            for key in questionKeys.dropFirst() where reject[key] != nil {
                reject.note("“\(key)” is a handler's, and “handler” is missing", atKey: key)
            }
            return nil
        }
        return SessionQuestion(
            handler: values.handler(reject["handler"]) ?? "",
            timeoutSeconds: reject.int("timeoutSeconds", in: 1...60) ?? 10,
            onFailure: reject.required("onFailure")?.choice([
                ("accept", .accept), ("defer", .defer),
            ]) ?? .accept)
    }

    private static func refusingCode(_ value: DocumentValue) -> Int? {
        guard let code = value.int(in: 400...559) else { return nil }
        guard ReceiptAction.refuses(code) else {
            value.note("\(code) is no code that refuses a mail: 450, 550 and 554 are some")
            return nil
        }
        return code
    }
}

extension ReceiptAction {
    /// Whether `code` can refuse a mail. RFC 5321 §4.2: the second digit is 0 to 5; 421 would end
    /// the session.
    package static func refuses(_ code: Int) -> Bool {
        (400..<600).contains(code) && code % 100 < 60 && code != 421
    }
}

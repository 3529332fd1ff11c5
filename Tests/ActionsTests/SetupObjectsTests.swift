import Actions
import NIOCore
import RuleEngine
import Storage
import Testing

@Suite struct SetupObjectsTests {
    private func ruleSet(_ actions: [ReceiptAction]...) -> ReceiptRuleSet {
        ReceiptRuleSet(
            name: "main",
            rules: actions.enumerated().map { index, actions in
                ReceiptRule(
                    name: "r\(index)", isEnabled: true, tlsPolicy: .optional, recipients: [],
                    actions: actions, isScanEnabled: false)
            })
    }

    private func store(_ bucket: String, _ prefix: String?) -> ReceiptAction {
        .store(bucket: bucket, prefix: prefix, topic: nil, onFailure: .hold)
    }

    @Test func oneForEachPlaceOfTheBucketsThatWantThem() {
        let objects = SetupObjects.objects(
            of: ruleSet(
                [store("mail", nil), store("mail", "in"), store("other", nil), .stop(topic: nil)],
                [store("mail", "in/"), store("mail", ""), store("archive", "a/b")]),
            in: ["mail", "archive"])
        #expect(
            objects.map { "\($0.bucket)/\($0.key)" } == [
                "mail/AMAZON_SES_SETUP_NOTIFICATION", "mail/in/AMAZON_SES_SETUP_NOTIFICATION",
                "archive/a/b/AMAZON_SES_SETUP_NOTIFICATION",
            ])
    }

    /// Readers of a bucket take every object for a mail, and this one is one.
    @Test func itIsAMail() {
        let objects = SetupObjects.objects(of: ruleSet([store("mail", nil)]), in: ["mail"])
        let text = objects.first.map { String(decoding: ScriptedObjects.bytes($0), as: UTF8.self) }
        #expect(text?.hasPrefix("Subject: AMAZON_SES_SETUP_NOTIFICATION\r\n") == true)
        #expect(text?.contains("\r\n\r\n") == true)
    }

    @Test func noneWhereNobodyWantsThem() {
        #expect(SetupObjects.objects(of: ruleSet([store("mail", nil)]), in: []).isEmpty)
    }
}

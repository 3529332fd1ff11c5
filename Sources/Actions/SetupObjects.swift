import NIOCore
package import RuleEngine
package import Storage

/// The object by which SES shows that it can write to a bucket.
package enum SetupObjects {
    private static let name = "AMAZON_SES_SETUP_NOTIFICATION"

    /// One for each place that `ruleSet` stores to in one of `buckets`.
    package static func objects(of ruleSet: ReceiptRuleSet, in buckets: Set<String>)
        -> [ObjectToPut]
    {
        var seen: Set<String> = []
        return ruleSet.rules.flatMap(\.actions).compactMap { action in
            // Where a folder is each mail's own, there is none to show.
            guard case .store(let bucket, let prefix, _, _) = action, buckets.contains(bucket),
                !action.isTemplate
            else { return nil }
            let key = ReceiptActions.objectKey(prefix: prefix, name: name)
            guard seen.insert("\(bucket)/\(key)").inserted else { return nil }
            let text = "Subject: \(name)\r\n\r\nMails of a receipt rule are stored here.\r\n"
            return ObjectToPut(
                bucket: bucket, key: key, prefix: nil, content: .bytes(ByteBuffer(string: text)))
        }
    }
}

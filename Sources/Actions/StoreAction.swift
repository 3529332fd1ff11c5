import MailModel
import RuleEngine
import Storage

extension ReceiptActions {
    /// Puts each mail where its rule says: added header lines, our header block, the raw mail.
    /// SES: `S3Action`. The detail of a result is `bucket/key`.
    func store(_ tasks: [ActionTask]) async -> [ActionResult] {
        guard !tasks.isEmpty else { return [] }
        let objects = tasks.map { task in
            let (bucket, key, _) = Self.place(of: task)
            return ObjectToPut(
                bucket: bucket, key: key, prefix: Self.prefix(of: task), content: task.content)
        }
        let outcomes = await self.objects.put(objects)
        return zip(tasks, outcomes).map { task, outcome in
            let (bucket, key, topic) = Self.place(of: task)
            switch outcome {
            case .success:
                return alerted(
                    ActionResult(ending: .done(.continueOn), detail: "\(bucket)/\(key)"), task,
                    topic: topic, objectKey: key)
            case .failure(let failure):
                return ActionResult(ending: .failed, detail: "\(failure)")
            }
        }
    }

    private static func place(
        of task: ActionTask
    ) -> (bucket: String, key: String, topic: String?) {
        guard case .store(let bucket, let prefix, let topic, _) = task.action else {
            preconditionFailure("only store actions come here")
        }
        return (bucket, objectKey(prefix: prefix, name: task.mail.id.text), topic)
    }

    /// SES: the prefix works as a folder, with or without its final slash.
    static func objectKey(prefix: String?, name: String) -> String {
        guard let prefix, !prefix.isEmpty else { return name }
        return prefix.hasSuffix("/") ? prefix + name : "\(prefix)/\(name)"
    }
}

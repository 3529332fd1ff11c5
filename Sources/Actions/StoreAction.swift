import MailModel
import RuleEngine
import Storage

extension ReceiptActions {
    /// Puts each mail where its rule says: added header lines, our header block, the raw mail.
    /// SES: `S3Action`. The detail of a result is `bucket/key`.
    func store(_ tasks: [ActionTask]) async -> [ActionResult] {
        guard !tasks.isEmpty else { return [] }
        var objects: [ObjectToPut] = []
        var unread: [Int: StorageFailure] = [:]
        for (index, task) in tasks.enumerated() {
            let (bucket, key, _) = Self.place(of: task)
            do throws(StorageFailure) {
                let (front, rest) = try presented(task)
                objects.append(
                    ObjectToPut(bucket: bucket, key: key, prefix: front, content: rest))
            } catch {
                unread[index] = error
            }
        }
        var outcomes = await self.objects.put(objects)[...]
        return tasks.enumerated().map { index, task in
            if let failure = unread[index] {
                return ActionResult(ending: .failed, detail: "\(failure)")
            }
            let (bucket, key, topic) = Self.place(of: task)
            let outcome = outcomes.removeFirst()
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
        return (bucket, objectKey(prefix: prefix, name: task.objectName), topic)
    }

    /// SES: the prefix works as a folder, with or without its final slash.
    static func objectKey(prefix: String?, name: String) -> String {
        guard let prefix, !prefix.isEmpty else { return name }
        return prefix.hasSuffix("/") ? prefix + name : "\(prefix)/\(name)"
    }
}

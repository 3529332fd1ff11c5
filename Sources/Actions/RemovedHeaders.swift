import MailModel
import NIOCore
import Storage

extension ReceiptActions {
    /// `shown` without the fields that `removeHeader` actions before it name, in their lines; as it is
    /// where it has none of them. Our own fields have no name that a rule may remove.
    func withoutRemoved(
        _ task: ActionTask, _ shown: PresentedMail
    ) throws(StorageFailure) -> PresentedMail {
        guard !task.removedHeaders.isEmpty else { return shown }
        let names = Set(task.removedHeaders)
        let header = try header(task, shown)
        let removed = header.fields.filter { names.contains($0.name.lowercased()) }
        guard !removed.isEmpty else { return shown }
        let start = header.bytes.startIndex
        var front = ByteBuffer()
        var position = start
        for field in removed {
            front.writeBytes(header.bytes[position..<(start + field.range.lowerBound)])
            position = start + field.range.upperBound
        }
        front.writeBytes(header.bytes[position..<(start + header.length)])
        let shownInFront = shown.front?.readableBytes ?? 0
        if var behind = shown.front, header.length < shownInFront {
            behind.moveReaderIndex(forwardBy: header.length)
            front.writeImmutableBuffer(behind)
        }
        return (front, shown.rest.dropping(max(0, header.length - shownInFront)))
    }
}

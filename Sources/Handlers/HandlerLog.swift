import Actions
import Logging

/// The lines of the log about handlers.
struct HandlerLog: Sendable {
    let log: Logger

    /// What a handler wrote to standard error about a mail, line by line.
    func said(_ bytes: [UInt8], isCut: Bool, by invocation: FunctionInvocation) {
        said(bytes, isCut: isCut, Self.metadata(invocation))
    }

    /// What a worker wrote to standard error while it was not asked.
    func said(_ bytes: [UInt8], isCut: Bool, by program: HandlerProgram) {
        said(bytes, isCut: isCut, ["handler": "\(program.name)"])
    }

    private func said(_ bytes: [UInt8], isCut: Bool, _ metadata: Logger.Metadata) {
        let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
        for line in lines { log.info("handler: \(line)", metadata: metadata) }
        if isCut {
            log.info("handler: the rest of its standard error is left out", metadata: metadata)
        }
    }

    /// Of a script: whose mail it was.
    func folderLeft(_ invocation: FunctionInvocation) {
        folderLeft(Self.metadata(invocation))
    }

    func folderLeft(_ program: HandlerProgram) {
        folderLeft(["handler": "\(program.name)"])
    }

    private func folderLeft(_ metadata: Logger.Metadata) {
        log.warning("handler: its working folder could not be removed", metadata: metadata)
    }

    /// A process of a worker ended that was not told to; the next is started in `restartSeconds`
    /// at the earliest.
    func ended(_ program: HandlerProgram, because reason: String, restartSeconds: Int64) {
        log.warning(
            "handler: a process has ended",
            metadata: [
                "handler": "\(program.name)", "reason": "\(reason)",
                "restart": "\(restartSeconds) s",
            ])
    }

    private static func metadata(_ invocation: FunctionInvocation) -> Logger.Metadata {
        var metadata: Logger.Metadata = [
            "handler": "\(invocation.handler)", "action": "\(invocation.stableID)",
        ]
        if let mail = invocation.mail { metadata["mail"] = "\(mail)" }
        return metadata
    }
}

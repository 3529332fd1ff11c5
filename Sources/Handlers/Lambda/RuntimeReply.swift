/// The answers of the Lambda Runtime API, as bytes of HTTP/1.1.
enum RuntimeReply {
    static let accepted = reply("202 Accepted", Array("{\"status\":\"OK\"}\n".utf8))
    /// Of an invocation that is not with this process.
    static let unknownID = error("400 Bad Request", "InvalidRequestID")
    static let unknown = error("404 Not Found", "InvalidRequest")

    /// The next invocation: its event, and by when it wants an answer, in milliseconds since 1970.
    static func invocation(
        id: String, arn: String, deadlineMilliseconds: Int64, event: [UInt8]
    ) -> [UInt8] {
        reply(
            "200 OK", event,
            [
                ("Lambda-Runtime-Aws-Request-Id", id),
                ("Lambda-Runtime-Deadline-Ms", "\(deadlineMilliseconds)"),
                ("Lambda-Runtime-Invoked-Function-Arn", arn),
            ])
    }

    private static func error(_ status: String, _ type: String) -> [UInt8] {
        reply(status, Array("{\"errorType\":\"\(type)\",\"errorMessage\":\"\(type)\"}\n".utf8))
    }

    private static func reply(
        _ status: String, _ body: [UInt8], _ fields: [(name: String, value: String)] = []
    ) -> [UInt8] {
        var head = "HTTP/1.1 \(status)\r\nContent-Type: application/json\r\n"
        for field in fields { head += "\(field.name): \(field.value)\r\n" }
        head += "Content-Length: \(body.count)\r\n\r\n"
        return Array(head.utf8) + body
    }
}

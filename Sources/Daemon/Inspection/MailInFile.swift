import DNSClient

/// What the commands that work on a mail's file share.
enum MailInFile {
    /// Signatures are made over CRLF; most tools keep mails with bare line feeds.
    static func withLineEnds(_ mail: [UInt8]) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(mail.count + mail.count / 32)
        var last: UInt8 = 0
        for byte in mail {
            if byte == UInt8(ascii: "\n"), last != UInt8(ascii: "\r") {
                output.append(UInt8(ascii: "\r"))
            }
            output.append(byte)
            last = byte
        }
        return output
    }

    /// Gives `body` the DNS of `configuration`, or else the system's. Throws `Server.Failure`.
    static func asking<Value: Sendable>(
        _ configuration: Configuration?, _ body: (UnboundResolver) async -> Value
    ) async throws -> Value {
        let resolver: UnboundResolver
        do throws(UnboundResolver.SetUpFailure) {
            resolver = try UnboundResolver(configuration?.dns ?? UnboundSettings())
        } catch {
            throw Server.Failure(description: "dns: \(error)")
        }
        let value = await body(resolver)
        await resolver.close()
        return value
    }
}

import DeliveryQueue
import MailModel
import NIOCore
import SMTPProtocol
import Synchronization

/// One open connection, for one mail at a time.
final class SMTPConnection: Sendable {
    /// What a mail needs of a connection: one that has the same serves it.
    struct Key: Hashable, Sendable {
        var host: String
        var address: IPAddress
        var port: Int
        /// Nil: the system's choice.
        var local: IPAddress?
        var tls: TLSPolicy
        var transport: Relay.Transport
        var login: Relay.Login?
    }

    let key: Key
    /// Of this side, for the log.
    let localAddress: IPAddress?
    /// `TLSv1.3`; nil in the clear.
    let tls: String?
    private let handler: NIOLoopBound<ConnectionHandler>
    private let loop: any EventLoop
    private let mails = Atomic<Int>(0)

    /// On the loop of `handler`.
    init(_ key: Key, localAddress: IPAddress?, _ handler: NIOLoopBound<ConnectionHandler>) {
        self.key = key
        self.localAddress = localAddress
        tls = handler.value.tls
        self.handler = handler
        loop = handler.eventLoop
    }

    /// Sends a mail; a cancelled task gives it up.
    func deliver(_ mail: OutgoingMail) async -> MailReport {
        let number = mails.add(1, ordering: .relaxed).newValue
        let report = loop.makePromise(of: MailReport.self)
        loop.execute { self.handler.value.deliver(mail, number: number, report) }
        return await withTaskCancellationHandler {
            do {
                return try await report.futureResult.get()
            } catch {
                let failure = SessionFailure(.idle, .lost("\(error)"))
                return MailReport(result: .failure(failure))
            }
        } onCancel: {
            loop.execute { self.handler.value.cancel(number) }
        }
    }

    func quit() {
        loop.execute { self.handler.value.quit() }
    }
}

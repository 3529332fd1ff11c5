import MailModel

/// Tells how connections to one exchanger were secured.
struct ExchangerLog {
    private let log: any TLSResultLog
    private var result: TLSResult

    init(_ log: any TLSResultLog, domain: Domain, host: Domain, _ policy: TLSResult.Policy) {
        self.log = log
        result = TLSResult(domain: domain, policy: policy, host: host)
    }

    func note(_ remote: IPAddress?, _ local: IPAddress?, _ failure: TLSFailure?) {
        var result = result
        result.remoteAddress = remote
        result.localAddress = local
        result.failure = failure
        log.note(result)
    }
}

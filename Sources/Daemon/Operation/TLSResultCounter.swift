import OutboundSMTP

/// Counts how connections to exchangers were secured, failures by their kind. RFC 8460 §4.3
struct TLSResultCounter: TLSResultLog {
    let metrics: ServerMetrics

    func note(_ result: TLSResult) {
        let policy =
            switch result.policy {
            case .none: "none"
            case .tlsa: "dane"
            case .sts: "mta-sts"
            }
        let outcome = result.failure?.kind.rawValue ?? "secured"
        metrics.add(
            "martlet_outbound_tls_total{policy=\"\(policy)\",outcome=\"\(outcome)\"}")
    }
}

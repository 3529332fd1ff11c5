import OutboundSMTP

extension FuzzTarget {
    /// What a web server says is a domain's MTA-STS policy: bounded, and read again from the lines
    /// that reports tell.
    static let stsPolicy = FuzzTarget("sts-policy") { bytes in
        guard let policy = STSPolicy(bytes) else { return }
        try require(bytes.count <= STSPolicy.bytesMax, "\(bytes.count) bytes")
        try require((0...STSPolicy.ageSecondsMax).contains(policy.ageSeconds), "the age")
        try require(policy.mode == .none || !policy.patterns.isEmpty, "no pattern")
        let again = STSPolicy(Array(policy.lines.joined(separator: "\r\n").utf8))
        try requireEqual(again, policy, "read again")
    }
}

package import MailModel

/// The port to the web, for policies of MTA-STS.
package protocol PolicyFetcher: Sendable {
    /// The body that `https://HOST/.well-known/mta-sts.txt` is answered with: status 200, media type
    /// `text/plain`, at most `STSPolicy.bytesMax`, from a host whose certificate is of its name; no
    /// redirect is followed. Returns within a minute. RFC 8461 §3.3
    func fetchPolicy(from host: Domain) async -> Result<[UInt8], PolicyFetchFailure>
}

/// Why there is no policy to read.
package enum PolicyFetchFailure: Error, Sendable, Equatable {
    /// The certificate is not one of the host's.
    case certificate(String)
    case failed(String)
}

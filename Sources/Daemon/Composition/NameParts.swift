import Accounts
import DNS
import DNSClient
import MailFlow

/// What is asked of the DNS: whether domains are ours, and who our peers are.
struct NameParts {
    /// To be closed, whatever happens.
    let resolver: UnboundResolver
    /// The same, its answers counted.
    let counting: any DNSResolver
    let verification: DomainVerification
    /// Nil where nobody is to be asked.
    let peers: PeerNames?

    /// Throws `Server.Failure`.
    init(
        _ configuration: Configuration, _ surroundings: Surroundings
    ) throws {
        do throws(UnboundResolver.SetUpFailure) {
            resolver = try UnboundResolver(configuration.dns)
        } catch {
            throw Server.Failure(description: "dns: \(error)")
        }
        counting = CountingResolver(resolver, surroundings.metrics)
        verification = DomainVerification(prefix: configuration.verificationPrefix)
        peers =
            configuration.looksUpPeerNames
            ? PeerNames(resolver: counting, time: surroundings.time) : nil
    }
}

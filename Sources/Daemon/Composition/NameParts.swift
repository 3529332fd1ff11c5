import Accounts
import ControlPlane
import DNS
import DNSClient
import MailFlow

/// What is asked of the DNS: whether domains are ours, and who our peers are.
struct NameParts {
    /// To be closed, whatever happens.
    let resolver: UnboundResolver
    /// The same, its answers counted.
    let counting: any DNSResolver
    let operations: IdentityOperations
    let checks: IdentityChecks
    /// Nil where nobody is to be asked.
    let peers: PeerNames?

    /// Throws `Server.Failure`.
    init(
        _ configuration: Configuration, _ surroundings: Surroundings, _ rules: RuleParts
    ) throws {
        do throws(UnboundResolver.SetUpFailure) {
            resolver = try UnboundResolver(configuration.dns)
        } catch {
            throw Server.Failure(description: "dns: \(error)")
        }
        counting = CountingResolver(resolver, surroundings.metrics)
        let verification = DomainVerification(prefix: configuration.verificationPrefix)
        let verifier = DomainVerifier(
            identities: rules.identities, resolver: counting, verification: verification,
            time: surroundings.time)
        operations = IdentityOperations(
            directory: rules.identities, verification: verification, verifier: verifier,
            time: surroundings.time, random: surroundings.random)
        peers =
            configuration.looksUpPeerNames
            ? PeerNames(resolver: counting, time: surroundings.time) : nil
        checks = IdentityChecks(verifier: verifier, log: surroundings.log)
    }
}

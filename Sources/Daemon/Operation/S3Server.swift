import Accounts
import Logging
import PublicWeb
import RequestSigning
import RuleEngine
import S3API
import ServiceLifecycle
import Storage

/// Buckets by S3's protocol.
struct S3Server: Service {
    static let connectionsMax = 64
    /// Of one network, so that no client takes all of them; a proxy on this machine is not counted.
    private static let perNetworkMax = 32
    private static let life = HTTPListener.Life.kept(requestSecondsMax: 600, idleSecondsMax: 60)

    private let listener: HTTPListener
    private let place: Configuration.Listener
    private let responder: S3Responder

    /// Nil where the configuration has none.
    init?(
        _ configuration: Configuration, _ surroundings: Surroundings, _ spool: SpoolParts,
        _ credentials: Credentials
    ) {
        guard let s3 = configuration.s3 else { return nil }
        place = s3.listener
        let connectionsMax = OpenFiles.httpConnections(
            most: Self.connectionsMax, limit: OpenFiles.limit)
        listener = HTTPListener(
            "s3", address: place.address, port: place.port, connectionsMax: connectionsMax,
            perNetworkMax: min(Self.perNetworkMax, connectionsMax), life: Self.life,
            log: surroundings.log)
        responder = S3Responder(
            buckets: configuration.buckets.filter { $0.value.directory != nil }.mapValues(\.access),
            objects: spool.objects,
            limits: S3Limits(objectBytesMax: s3.objectBytesMax),
            verifier: RequestVerifier(
                service: "s3", time: surroundings.time, secret: { credentials.secret(ofActive: $0) }
            ), owner: SESRuleDocument.account, random: surroundings.random,
            hasRoom: { [disk = spool.disk] in disk.hasRoom(forBytes: $0) },
            onUse: { credentials.noteUse(of: $0) }, log: surroundings.log)
    }

    func run() async throws {
        do {
            try await listener.run(answering: responder)
        } catch {
            throw Server.Failure(listeningOn: place.address, port: place.port, error: error)
        }
    }
}

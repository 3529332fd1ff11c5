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
        for warning in Self.warnings(configuration, credentials) {
            surroundings.log.warning("\(warning)")
        }
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
            name: { credentials.name(of: $0) },
            onUse: { credentials.noteUse(of: $0) }, log: surroundings.log)
    }

    /// What the buckets name and nobody has, so far: a key may be made later.
    static func warnings(_ configuration: Configuration, _ credentials: Credentials) -> [String] {
        configuration.buckets.sorted { $0.key < $1.key }.flatMap { name, bucket in
            bucket.access.named.sorted().filter { credentials.keys(meant: $0).isEmpty }.map {
                word in
                "the bucket “\(name)” names the access key “\(word)”, and there is none"
                    + (AccessKeyRecord.isID(word) ? "" : ": martlet credentials create makes one")
            }
        }
    }

    func run() async throws {
        do {
            try await listener.run(answering: responder)
        } catch {
            throw Server.Failure(listeningOn: place.address, port: place.port, error: error)
        }
    }
}

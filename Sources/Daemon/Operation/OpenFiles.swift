import Actions
import Foundation
import Glibc
import ObjectStorage
import OutboundSMTP
import PublicWeb

/// The process's file descriptors: how many it may have, and how many connections they carry.
enum OpenFiles {
    /// What the server has open before the first connection, about.
    static let usedAtStart = 48

    /// Sessions, body files and objects want more than the usual soft limit of 1,024.
    static func raiseLimit() {
        var limit = current
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    static var limit: Int { Int(clamping: current.rlim_cur) }

    /// What `raiseLimit` can reach.
    static var limitMax: Int { Int(clamping: current.rlim_max) }

    static var used: Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count)
            ?? usedAtStart
    }

    /// Each connection may have a body file beside its socket, and a quarter of the limit (at
    /// most 256) is left to everything else: handlers, objects, readers of the spool.
    /// `setAside`: what the listeners for HTTP, sending, workers, webhooks and buckets on other servers
    /// may take.
    static func connections(limit: Int, used: Int, setAside: Int) -> Int {
        max(1, (limit - used - setAside - min(256, limit / 4)) / 2)
    }

    /// Of a listener for HTTP: no more than an eighth of the limit.
    static func httpConnections(most: Int, limit: Int) -> Int { max(1, min(most, limit / 8)) }

    /// Tries at once to deliver, and connections that wait for their next mail: no more of each than
    /// an eighth of the limit. A try may have a body file beside its connection.
    static func sending(most: Int, limit: Int) -> Int { max(1, min(most, limit / 8)) }

    /// Of each process that lives for many mails, at most: two pipes, its keeper, what wakes its
    /// thread, and a function's listener and connections (a worker has a third pipe and its mail).
    private static let filesOfWorker = 10

    /// `triesMax`: as it is configured; nil where nothing is sent. A request for an object has a file
    /// open beside its connection, or writes one. `postsMax`: to all webhooks at once; `putsMax`: to
    /// all buckets on other servers, each with a body file beside its connection.
    static func setAside(
        limit: Int, hasHealth: Bool, hasWeb: Bool, hasS3: Bool, triesMax: Int?,
        workerProcesses: Int, postsMax: Int, putsMax: Int
    ) -> Int {
        let health = httpConnections(most: HealthServer.connectionsMax, limit: limit)
        let web = httpConnections(most: PublicWebServer.connectionsMax, limit: limit)
        let s3 = 2 * httpConnections(most: S3Server.connectionsMax, limit: limit)
        let idle = sending(most: DeliverySettings.Limits().idleConnectionsMax, limit: limit)
        let sent = triesMax.map { 2 * sending(most: $0, limit: limit) + idle } ?? 0
        return (hasHealth ? health : 0) + (hasWeb ? web : 0) + (hasS3 ? s3 : 0) + sent
            + Self.filesOfWorker * workerProcesses + postsMax + 2 * putsMax
    }

    /// Of all that `configuration` asks for beside its connections of SMTP.
    static func setAside(limit: Int, for configuration: Configuration) -> Int {
        setAside(
            limit: limit, hasHealth: configuration.health != nil, hasWeb: configuration.web != nil,
            hasS3: configuration.s3 != nil, triesMax: configuration.sending.triesWanted,
            workerProcesses: configuration.workerProcesses,
            postsMax: configuration.webhooks.values.reduce(0) { $0 + $1.postsMax },
            putsMax: configuration.bucketEndpoints.values.reduce(0) { $0 + $1.putsMax })
    }

    private static var current: rlimit {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return limit
    }
}

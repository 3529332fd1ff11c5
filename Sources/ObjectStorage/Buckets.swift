package import MailModel
package import Storage

/// The buckets of the configuration, whatever is behind each.
package struct Buckets: ObjectStore, ObjectSource {
    private let folders: DirectoryObjectStore
    private let endpoints: [String: EndpointBucket]

    /// `endpoints` by the names that rules call them; no folder has the same. `keys`: what the objects
    /// of some of these are sealed under.
    package init(
        folders: DirectoryObjectStore, endpoints: [String: S3Endpoint],
        keys: [String: ObjectKeys] = [:],
        carrier: any ObjectCarrier, time: any TimeSource
    ) {
        self.folders = folders
        var buckets: [String: EndpointBucket] = [:]
        for (name, endpoint) in endpoints {
            buckets[name] = EndpointBucket(
                endpoint, under: keys[name], carrier: carrier, time: time)
        }
        self.endpoints = buckets
    }

    /// Those of folders share their syncs; each of the others is a request of its own, one after the
    /// other.
    package func put(_ objects: [ObjectToPut]) async -> [Result<Void, ObjectStoreFailure>] {
        let local = objects.filter { endpoints[$0.bucket] == nil }
        var stored = (local.isEmpty ? [] : await folders.put(local))[...]
        var results: [Result<Void, ObjectStoreFailure>] = []
        for object in objects {
            guard let endpoint = endpoints[object.bucket] else {
                results.append(stored.removeFirst())
                continue
            }
            do throws(ObjectStoreFailure) {
                results.append(.success(try await endpoint.put(object)))
            } catch {
                results.append(.failure(error))
            }
        }
        return results
    }

    package var bucketNames: Set<String> { folders.bucketNames.union(endpoints.keys) }

    package func listing(
        _ question: ObjectQuestion, in bucket: String
    ) async throws(ObjectReadFailure) -> ObjectListing {
        if let endpoint = endpoints[bucket] { return try await endpoint.listing(question) }
        guard folders.bucketNames.contains(bucket) else {
            throw .unavailable("the configuration has no bucket \(bucket)")
        }
        do throws(StorageFailure) {
            return try folders.list(question, in: bucket)
        } catch {
            throw .unavailable("bucket \(bucket): \(error)")
        }
    }

    /// One of another server is in memory.
    package func object(
        _ key: ObjectKey, in bucket: String, size: Int
    ) async throws(ObjectReadFailure) -> (any StoredObject)? {
        if let endpoint = endpoints[bucket] {
            return try await endpoint.object(key, as: bucket, size: size)
        }
        do throws(StorageFailure) {
            return try folders.open(key, in: bucket)
        } catch {
            switch error {
            case .forbidden, .damaged: throw .unreadable("\(error)")
            // It is the bucket's own folder that is not there.
            case .notFound, .full, .refused, .syncFailed, .replaced: throw .unavailable("\(error)")
            }
        }
    }
}

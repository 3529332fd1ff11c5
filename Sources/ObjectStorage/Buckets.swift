package import MailModel
package import Storage

/// The buckets of the configuration, whatever is behind each.
package struct Buckets: ObjectStore {
    private let folders: DirectoryObjectStore
    private let endpoints: [String: EndpointBucket]

    /// `endpoints` by the names that rules call them; no folder has the same.
    package init(
        folders: DirectoryObjectStore, endpoints: [String: S3Endpoint],
        carrier: any ObjectCarrier, time: any TimeSource
    ) {
        self.folders = folders
        self.endpoints = endpoints.mapValues {
            EndpointBucket($0, carrier: carrier, time: time)
        }
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
}

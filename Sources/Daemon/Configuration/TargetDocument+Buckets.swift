import Accounts
import Documents
import Foundation
import Glibc
import MailModel
import ObjectStorage
import S3API
import Storage

extension TargetDocument {
    /// Of a bucket that is a folder, and of one on another server.
    private static let folderKeys = ["directory", "setupObject", "readers", "writers"]
    private static let farKeys = [
        "endpoint", "region", "bucket", "accessKeyId", "secretFile", "timeoutSeconds", "putsMax",
    ]

    /// Where rules store mails, by name.
    mutating func buckets(_ value: DocumentValue?) -> [String: Configuration.Bucket] {
        var buckets: [String: Configuration.Bucket] = [:]
        for (name, entry) in named(value) {
            guard let mapping = entry.mapping(keys: ConfigurationSchema.keys(at: "buckets.*"))
            else { continue }
            let isEndpoint = mapping.keys.contains("endpoint")
            // A near miss has been told.
            let isEither = isEndpoint || mapping.keys.contains("directory")
            if !isEither, !mapping.hasUnknownKeys {
                entry.noteWhole("a bucket has a “directory” or an “endpoint”")
            }
            let others = isEndpoint ? Self.folderKeys : Self.farKeys
            for key in mapping.keys where isEither && others.contains(key) {
                mapping.note(
                    isEndpoint
                        ? "“\(key)” is of a folder, and this bucket has an “endpoint”"
                        : "“\(key)” is of a bucket that has an “endpoint”", atKey: key)
            }
            let keys = mapping["encryption"].map(encryption)
            var bucket = isEndpoint ? endpoint(name, mapping) : folder(name, mapping)
            bucket?.keys = keys ?? nil
            buckets[name] = bucket
        }
        return buckets
    }

    private func encryption(_ value: DocumentValue) -> ObjectKeys? {
        let keys = ConfigurationSchema.keys(at: "buckets.*.encryption")
        return value.mapping(keys: keys)?.required("keyFile").flatMap(objectKeys)
    }

    /// What is wrong with it is told without what stands there.
    private func objectKeys(_ place: DocumentValue) -> ObjectKeys? {
        guard let path = settings.path(place, to: .file) else { return nil }
        do throws(SecretFile.Failure) {
            let keys = try ObjectKeyFile.keys(path)
            settings.secretFiles.add(path, at: place.path)
            return keys
        } catch {
            place.note("\(error)")
            return nil
        }
    }

    // MARK: Folders

    private mutating func folder(
        _ name: String, _ mapping: DocumentMapping
    ) -> Configuration.Bucket? {
        let hasSetupObject = settings.bool(mapping, "buckets.*.setupObject")
        let access = S3Bucket(
            readers: accessKeys(mapping["readers"]), writers: accessKeys(mapping["writers"]))
        guard mapping.keys.contains("directory"), let directory = mapping.required("directory"),
            let path = settings.path(directory, to: .folder)
        else { return nil }
        places.addBucket(name, folder: path, directory)
        return Configuration.Bucket(
            place: .folder(path), hasSetupObject: hasSetupObject, access: access)
    }

    /// Whether there are such keys is known to the database alone.
    private func accessKeys(_ value: DocumentValue?) -> Set<String> {
        guard let value else { return [] }
        if !hasS3 { value.noteWhole("without an “s3” section nobody is served objects") }
        return Set(
            value.list().compactMap { entry in
                guard let id = entry.string() else { return nil }
                if id.hasPrefix(AccessKeyRecord.idPrefix), !AccessKeyRecord.isID(id) {
                    entry.note(
                        "“\(id)” is no access key's id, such as \(AccessKeyRecord.idPrefix)Q3EGU5XWB7LJ2K4M "
                            + "(martlet credentials)")
                    return nil
                }
                guard Credentials.isName(id) else {
                    entry.note(
                        "“\(id)” is no name of an access key: 1 to \(Credentials.nameLengthMax) "
                            + "characters on one line")
                    return nil
                }
                return id
            })
    }

    // MARK: Other servers

    private func endpoint(_ name: String, _ mapping: DocumentMapping) -> Configuration.Bucket? {
        let url = mapping.required("endpoint").flatMap(origin)
        let region = mapping.required("region").flatMap { word($0, "region", most: 64) }
        let id = mapping.required("accessKeyId").flatMap {
            word($0, "access key's id", most: 128)
        }
        let secret = mapping.required("secretFile").flatMap(secret)
        let bucket = bucketName(mapping, name)
        let seconds = Int64(settings.int(mapping, "buckets.*.timeoutSeconds"))
        let puts = settings.int(mapping, "buckets.*.putsMax")
        guard let url, let region, let id, let secret, let bucket else { return nil }
        return Configuration.Bucket(
            place: .endpoint(
                S3Endpoint(
                    url: url, region: region, bucket: bucket, accessKeyID: id, secret: secret,
                    timeoutSeconds: seconds, putsMax: puts)), hasSetupObject: false)
    }

    private func origin(_ value: DocumentValue) -> WebURL? {
        guard let url = url(value) else { return nil }
        guard url.target == "/" else {
            value.note("“\(url)” has a path: the bucket and its keys come behind the host")
            return nil
        }
        return url
    }

    /// Of what stands in the credential of a signature: no blank, and none of `/`, `,` and `=`.
    private func word(_ value: DocumentValue, _ what: String, most: Int) -> String? {
        guard let text = value.string() else { return nil }
        let isWord =
            (1...most).contains(text.utf8.count)
            && text.utf8.allSatisfy { (0x21...0x7E).contains($0) && !"/,=".utf8.contains($0) }
        if isWord { return text }
        value.note("“\(text)” is no \(what)")
        return nil
    }

    private func bucketName(_ mapping: DocumentMapping, _ name: String) -> String? {
        guard let value = mapping["bucket"] else {
            if S3Endpoint.isBucketName(name) { return name }
            mapping.note(
                "“\(name)” is no bucket's name at a server: say its own by “bucket”",
                atKey: "endpoint")
            return nil
        }
        guard let text = value.string() else { return nil }
        if S3Endpoint.isBucketName(text) { return text }
        value.note("“\(text)” is no bucket's name: 3 to 63 letters, digits, “.”, “_” and “-”")
        return nil
    }

    /// What is wrong with it is told without what stands there.
    private func secret(_ place: DocumentValue) -> String? {
        guard let (lines, path) = settings.secretLines(place) else { return nil }
        guard lines.count == 1, let secret = lines.first, (1...256).contains(secret.utf8.count),
            secret.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else {
            place.note("\(path) is not the secret of an access key, and nothing else")
            return nil
        }
        return secret
    }
}

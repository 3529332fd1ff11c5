import Actions
import Documents
import MailModel

extension TargetDocument {
    /// Who ends the server waits for the requests that are on their way.
    private static let endpointSecondsMax: Int64 = 300
    /// What an endpoint alone has, ...
    static let endpointKeys = ["format", "secretFile", "tokenFile", "postsMax"]
    /// ... and programs alone.
    private static let programKeys = [
        "user", "environment", "memoryBytesMax", "fileBytesMax", "filesMax", "processesMax",
        "errorBytesMax", "processes",
    ]

    func noteKeys(_ keys: [String], of kind: String, in mapping: DocumentMapping) {
        for key in keys where mapping.keys.contains(key) {
            mapping.note("“\(key)” is of \(kind) alone", atKey: key)
        }
    }

    /// A handler that is a web endpoint.
    func endpoint(_ mapping: DocumentMapping) -> HandlerEndpoint? {
        noteKeys(Self.programKeys, of: "a program", in: mapping)
        let format = mapping["format"].flatMap { value in
            value.choice(HandlerEndpoint.Format.allCases.map { ($0.rawValue, $0) })
        }
        func limit(_ key: String) -> Int { settings.int(mapping, "handlers.*.\(key)") }
        let (seconds, output) = (Int64(limit("timeoutSeconds")), limit("outputBytesMax"))
        if let place = mapping["timeoutSeconds"], seconds > Self.endpointSecondsMax {
            place.note("an endpoint has at most \(Self.endpointSecondsMax) seconds")
        }
        let posts = limit("postsMax")
        let secrets = mapping.required("secretFile").flatMap(secrets)
        let token = mapping["tokenFile"].flatMap(token)
        guard let url = mapping.required("endpoint").flatMap(url), let secrets else { return nil }
        if let place = mapping["tokenFile"], !Self.keepsSecrets(url) {
            place.note("a token goes by https alone, or to this machine by its address")
        }
        return HandlerEndpoint(
            url: url, format: format ?? .json, secrets: secrets, token: token,
            timeoutSeconds: seconds, outputBytesMax: output, postsMax: posts)
    }

    /// Whether nobody on the way reads what goes there.
    static func keepsSecrets(_ url: WebURL) -> Bool {
        switch (url.scheme, url.host) {
        case (.https, _): true
        case (.http, .address(let address)): address.isLoopback
        case (.http, .name): false
        }
    }

    /// What is wrong with it is told without what stands there.
    private func token(_ place: DocumentValue) -> BearerToken? {
        guard let (lines, path) = settings.secretLines(place) else { return nil }
        guard lines.count == 1, let token = BearerToken(lines[0]) else {
            place.note(
                "\(path) is not one token: letters, digits, “-._~+/”, then “=”, at most "
                    + "\(BearerToken.bytesMax) bytes")
            return nil
        }
        return token
    }
}

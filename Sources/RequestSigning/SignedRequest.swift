import MailModel

/// The head of a request, as a signature is over it.
package struct SignedRequest: Sendable {
    package struct Header: Sendable, Equatable {
        /// In lower case.
        package let name: String
        package let value: String

        package init(name: String, value: String) {
            self.name = name.lowercased()
            self.value = value
        }
    }

    /// A parameter of the query, decoded. A name without `=` has the empty value.
    package struct Parameter: Sendable, Equatable {
        package let name: [UInt8]
        package let value: [UInt8]
    }

    /// What keeps a target from being one.
    package enum Malformation: Error, Sendable {
        /// A `%` without two digits, or a path that does not begin with `/`.
        case target
    }

    package let method: String
    /// Decoded.
    package let path: [UInt8]
    /// Encoded in the one way, each part between slashes for itself: a slash that was written as `%2F`
    /// stays one.
    let canonicalPath: String
    /// In the order of the query.
    package let parameters: [Parameter]
    package let headers: [Header]

    /// `target` is the request's, in origin form (RFC 9112 §3.2.1). `headers` holds `host`, too.
    package init(
        method: String, target: String, headers: [Header]
    ) throws(Malformation) {
        let parts = target.utf8.split(
            separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, first.first == UInt8(ascii: "/") else { throw .target }
        var segments: [[UInt8]] = []
        for segment in first.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            guard let decoded = PercentEncoding.decode(segment) else { throw .target }
            segments.append(decoded)
        }
        self.method = method
        path = Array(segments.joined(separator: [UInt8(ascii: "/")]))
        canonicalPath = segments.map { PercentEncoding.encode($0) }.joined(separator: "/")
        self.headers = headers
        var parameters: [Parameter] = []
        for item in parts.count > 1 ? parts[1].split(separator: UInt8(ascii: "&")) : [] {
            let sides = item.split(
                separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = sides.first.flatMap({ PercentEncoding.decode($0, plusIsSpace: true) }),
                let value = PercentEncoding.decode(
                    sides.count > 1 ? Array(sides[1]) : [], plusIsSpace: true)
            else { throw .target }
            parameters.append(Parameter(name: name, value: value))
        }
        self.parameters = parameters
    }

    /// The first parameter of that name; nil where there is none, or it is no UTF-8.
    package func parameter(_ name: String) -> String? {
        parameters.first { $0.name.elementsEqual(name.utf8) }
            .flatMap { String(validating: $0.value, as: UTF8.self) }
    }

    /// The values of all fields of that name, in lower case.
    package func values(of name: String) -> [String] {
        headers.filter { $0.name == name }.map(\.value)
    }

    /// The value of the one field of that name; nil where there is none, or several.
    package func value(of name: String) -> String? {
        let values = values(of: name)
        return values.count == 1 ? values[0] : nil
    }
}

/// What clamd says to `zINSTREAM`. clamd(8): COMMANDS
///
///     answer = (clean / found / error) NUL
///     clean  = "stream: OK"
///     found  = "stream: " signature " FOUND"
///     error  = text " ERROR"
package enum ClamdAnswer: Sendable, Equatable {
    /// With the NUL at its end.
    package static let bytesMax = 1_024
    package static let signatureBytesMax = 256

    case clean
    /// The name of a signature: printable ASCII without spaces at its ends.
    case found(signature: String)
    /// What it could not do: printable ASCII.
    case error(String)

    private static let prefixBytes = Array("stream: ".utf8)
    private static let cleanBytes = Array("OK".utf8)
    private static let foundBytes = Array(" FOUND".utf8)
    private static let errorBytes = Array(" ERROR".utf8)

    /// The answer that `bytes` spell, without the NUL; nil where they are none.
    package init?(_ bytes: ArraySlice<UInt8>) {
        guard bytes.count < Self.bytesMax, bytes.allSatisfy({ (0x20...0x7E) ~= $0 }) else {
            return nil
        }
        if bytes.ends(with: Self.errorBytes) {
            self = .error(String(decoding: bytes.dropLast(Self.errorBytes.count), as: UTF8.self))
            return
        }
        guard bytes.starts(with: Self.prefixBytes) else { return nil }
        let said = bytes.dropFirst(Self.prefixBytes.count)
        guard !said.elementsEqual(Self.cleanBytes) else {
            self = .clean
            return
        }
        guard said.ends(with: Self.foundBytes) else { return nil }
        let name = said.dropLast(Self.foundBytes.count)
        guard (1...Self.signatureBytesMax).contains(name.count), name.first != 0x20,
            name.last != 0x20
        else { return nil }
        self = .found(signature: String(decoding: name, as: UTF8.self))
    }
}

extension ArraySlice<UInt8> {
    fileprivate func ends(with end: [UInt8]) -> Bool { suffix(end.count).elementsEqual(end) }
}

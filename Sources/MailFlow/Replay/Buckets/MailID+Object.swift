import Crypto
import MailModel

extension MailID {
    private static let length = 40

    /// The id that ends an object's key, as rules name what they store, ours and Amazon's; of a mail
    /// with changed lines, ours have the digest of those behind it (`id-` and 32 hexadecimal digits).
    init?(endOf key: String) {
        let name = Array(key.utf8)
        let digest = name.suffix(33)
        let isChanged =
            digest.first == UInt8(ascii: "-")
            && digest.dropFirst().allSatisfy { "0123456789abcdef".utf8.contains($0) }
        let rest = isChanged ? name.dropLast(33) : name[...]
        let before = rest.dropLast(Self.length).last
        guard before.map({ !$0.isASCIILetter && !$0.isASCIIDigit }) ?? true,
            let id = MailID(String(decoding: rest.suffix(Self.length), as: UTF8.self))
        else { return nil }
        self = id
    }

    /// For a mail that has none, by the object's name, `bucket/key`: the same each time. It is of the
    /// beginning of 1970, when no mail came.
    init(ofObject name: String) {
        self.init(at: Timestamp(milliseconds: 0), random: Digest(of: name))
    }

    /// Whether it is one of these.
    var isOfObject: Bool { time.milliseconds == 0 }

    private struct Digest: RandomSource {
        let of: String

        func bytes(_ count: Int) -> [UInt8] {
            Array(SHA256.hash(data: Array("object \(of)".utf8)).prefix(count))
        }
    }
}

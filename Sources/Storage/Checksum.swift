import CFileSystem
package import NIOCore

/// CRC-32C over a mail's bytes, in any number of pieces: says whether what is stored is whole.
/// Not a defence: who can write there can also write the row. RFC 3720 §12.1
package struct Checksum: Sendable {
    package private(set) var value: UInt32 = 0

    package init() {}

    package mutating func update(_ bytes: ByteBuffer) {
        value = bytes.withUnsafeReadableBytes {
            martlet_crc32c(value, $0.baseAddress, $0.count)
        }
    }
}

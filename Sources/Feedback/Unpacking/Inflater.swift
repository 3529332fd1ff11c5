import CZlib

/// Deflate by zlib, to a limit. RFC 1951
enum Inflater {
    enum Form {
        /// With RFC 1952's header.
        case gzip
        /// As in a ZIP file.
        case bare
    }

    private static let stepBytes = 65_536

    /// Appends what the stream at the front of `packed` holds, and says how long the stream is.
    /// Beside `output` it takes zlib's 40 KB and one step, and time for the stream alone, whatever
    /// follows it.
    static func inflate(
        _ packed: ArraySlice<UInt8>, form: Form, into output: inout [UInt8], bytesMax: Int
    ) throws(ReportRefusal) -> Int {
        var stream = z_stream()
        let windowBits: Int32 =
            switch form {
            case .gzip: 15 + 16
            case .bare: -15
            }
        guard
            inflateInit2_(
                &stream, windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else { throw ReportRefusal("the archive", found: "no memory", expected: "40 KB") }
        defer { inflateEnd(&stream) }
        let status = packed.withUnsafeBufferPointer { input in
            // zlib only reads there.
            stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
            stream.avail_in = UInt32(clamping: input.count)
            return run(&stream, into: &output, bytesMax: bytesMax)
        }
        guard status == Z_STREAM_END else { throw refusal(status, output.count, bytesMax) }
        return packed.count - Int(stream.avail_in)
    }

    private static func run(
        _ stream: inout z_stream, into output: inout [UInt8], bytesMax: Int
    ) -> Int32 {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: stepBytes) { step in
            while true {
                stream.next_out = step.baseAddress
                stream.avail_out = UInt32(step.count)
                let status = CZlib.inflate(&stream, Z_NO_FLUSH)
                let count = step.count - Int(stream.avail_out)
                guard output.count + count <= bytesMax else { return Z_MEM_ERROR }
                output += UnsafeBufferPointer(rebasing: step[..<count])
                guard status == Z_OK else { return status }
            }
        }
    }

    private static func refusal(_ status: Int32, _ count: Int, _ bytesMax: Int) -> ReportRefusal {
        switch status {
        case Z_MEM_ERROR:
            ReportRefusal(
                "the archive", found: "more than \(bytesMax) bytes", expected: "at most \(bytesMax)"
            )
        case Z_BUF_ERROR:
            ReportRefusal(
                "the archive, behind \(count) bytes", found: "its end", expected: "more of it")
        default:
            ReportRefusal(
                "the archive, behind \(count) bytes", found: "no deflated data",
                expected: "deflated data")
        }
    }
}

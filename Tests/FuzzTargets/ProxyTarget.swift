import InboundSMTP
import MailModel
import NIOCore

extension FuzzTarget {
    /// A proxy's header in version 1 or 2: the same outcome at any split, which takes the same bytes;
    /// an address that it names is one.
    static let proxy = FuzzTarget("proxy") { bytes in
        let read = try Splits.same(bytes[...]) { ReadHeader($0) }
        let headerBytesMax = 16 + ProxyHeaderDecoder.addedBytesMax
        try require(read.taken <= headerBytesMax, "\(read.taken) bytes of header")
        if case .peer(let address)? = read.outcome {
            try requireEqual(IPAddress("\(address)"), address, "an address read again")
        }
    }
}

private struct ReadHeader: Equatable {
    var outcome: ProxyHeaderDecoder.Outcome?
    var taken = 0

    init(_ pieces: [ArraySlice<UInt8>]) {
        var decoder = ProxyHeaderDecoder()
        for piece in pieces {
            var input = ByteBuffer(bytes: piece)
            outcome = decoder.decode(&input)
            taken += piece.count - input.readableBytes
            if outcome != nil { return }
        }
    }
}

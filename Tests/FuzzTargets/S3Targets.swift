import MailFlow
import MailModel
import NIOCore
import ObjectStorage
import RequestSigning
import S3API
import Storage
import TestSupport

extension FuzzTarget {
    /// The head of a request: lines of a method, a target and `name: value`. Nobody has signed it, so
    /// nobody's it is; its target is the same when it is written in another way; and what it asks of S3
    /// stays in its bucket.
    static let signedRequest = FuzzTarget("signed-request") { bytes in
        let lines = String(decoding: bytes, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false
        ).map(String.init)
        guard lines.count >= 2 else { return }
        let headers = lines.dropFirst(2).map { line in
            let sides = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            return SignedRequest.Header(
                name: String(sides[0]), value: sides.count > 1 ? String(sides[1]) : "")
        }
        guard
            let request = try? SignedRequest(
                method: lines[0], target: lines[1], headers: Array(headers))
        else { return }
        try checkOperation(request)
        let again = try SignedRequest(
            method: lines[0], target: rewritten(lines[1]), headers: Array(headers))
        try requireEqual(again.path, request.path, "the path, written in another way")
        try requireEqual(again.parameters, request.parameters, "the query, written in another way")
        let time = ManualTime(Timestamp(milliseconds: 1_369_353_600_000))
        let verifier = RequestVerifier(service: "s3", time: time) { _ in "secret" }
        let isSigned = (try? verifier.verify(request)) != nil
        try require(!isSigned, "a signature that nobody made")
    }

    /// Every byte but those with a meaning as `%XX`.
    private static func rewritten(_ target: String) -> String {
        target.utf8.map { byte in
            "%/?&=+".utf8.contains(byte) || byte.isASCIIDigit || byte.isASCIILetter
                ? String(UnicodeScalar(byte)) : "%" + Hexadecimal.text([byte])
        }.joined()
    }

    private static func checkOperation(_ request: SignedRequest) throws {
        guard let operation = try? S3Operation(request) else { return }
        switch operation {
        case .listBuckets, .headBucket, .bucketLocation, .listObjects: return
        case .getObject(_, let key, _), .headObject(_, let key), .putObject(_, let key),
            .deleteObject(_, let key):
            try checkKey(key)
        case .copyObject(_, let key, _, let source):
            try checkKey(key)
            try checkKey(source)
        }
    }

    private static func checkKey(_ key: ObjectKey) throws {
        try require(!key.text.utf8.contains(0) && key.text.utf8.count <= 1_024, "a key's form")
        try require(key.parts.joined(separator: "/") == key.text, "a key's parts")
        try require(key.parts.allSatisfy { !$0.hasPrefix(".") }, "a part that leads elsewhere")
    }

    /// A body in AWS's chunks that nobody signs: however it is cut, it is the same, and no more than
    /// what came. The first byte chooses where it is cut.
    static let chunkedPayload = FuzzTarget("chunked-payload") { bytes in
        guard let first = bytes.first else { return }
        let body = bytes.dropFirst()
        let whole = try read(body, pieceBytes: .max)
        let cut = try read(body, pieceBytes: Int(first) + 1)
        try requireEqual(cut.isComplete, whole.isComplete, "whether it is complete")
        try requireEqual(cut.failure, whole.failure, "whether it fails")
        if whole.isComplete {
            try requireEqual(cut.content, whole.content, "the content")
            try require(whole.content.count < body.count, "more than what came")
        }
    }

    private static func read(
        _ body: ArraySlice<UInt8>, pieceBytes: Int
    ) throws -> (content: [UInt8], isComplete: Bool, failure: String?) {
        var payload = try unsignedPayload()
        var content: [UInt8] = []
        var rest = body
        do throws(ChunkedPayload.Failure) {
            while !rest.isEmpty {
                let piece = rest.prefix(pieceBytes)
                content += try payload.take(piece)
                rest = rest.dropFirst(piece.count)
            }
        } catch {
            return (content, false, "\(error)")
        }
        return (content, payload.isComplete, nil)
    }

    /// Whose seed does not matter: AWS's published link has one.
    private static func unsignedPayload() throws -> ChunkedPayload {
        let link = try SignedRequest(
            method: "GET",
            target: "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
                + "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
                + "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
                + "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
            headers: [.init(name: "host", value: "examplebucket.s3.amazonaws.com")])
        let time = ManualTime(Timestamp(milliseconds: 1_369_353_600_000))
        let verified = try RequestVerifier(service: "s3", time: time) { _ in
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
        }.verify(link)
        guard
            let payload = ChunkedPayload(
                .chunks(areSigned: false, haveTrailer: true), verified.seed)
        else { throw FuzzFind("no chunks") }
        return payload
    }

    /// What a server says to an object that it was given: an ETag in the first line, then a document.
    /// No error counts as stored, and of a document no more than a word gets out.
    static let objectAnswer = FuzzTarget("object-answer") { bytes in
        let end = bytes.firstIndex(of: 10) ?? bytes.endIndex
        let tag = String(decoding: bytes[..<end], as: UTF8.self)
        let body = Array(bytes[end...])
        let md5 = [UInt8](repeating: 0, count: 16)
        let refused = EndpointVerdict.reason(
            against: .answered(status: 503, entityTag: tag, body: body), md5: md5)
        try require(refused?.hasPrefix("answered 503") == true, "an error that counts as stored")
        try require((refused ?? "").utf8.allSatisfy { (0x20...0x7E).contains($0) }, "other bytes")
        try require((refused ?? "").utf8.count <= 80, "more than a word")
        let reason = EndpointVerdict.reason(
            against: .answered(status: 200, entityTag: tag, body: body), md5: md5)
        let again = EndpointVerdict.reason(
            against: .answered(status: 200, entityTag: tag), md5: md5)
        try requireEqual(reason, again, "whether the body matters")
    }

    /// A page of a bucket of another server. Who goes on behind its last key comes to an end, and a key
    /// that can be asked for is asked for as it is told.
    static let bucketListing = FuzzTarget("bucket-listing") { bytes in
        guard let listing = EndpointListing.read(bytes) else { return }
        for entry in listing.entries {
            guard case .object(let key, let facts) = entry else {
                throw FuzzFind("a folder, which nobody asked for")
            }
            try require(!key.isEmpty && facts.size >= 0, "an object with a key and a size")
        }
        guard EndpointListing.isInOrder(listing, after: "") else { return }
        try require(
            Set(listing.entries.map(\.name)).count == listing.entries.count, "each key once")
    }

    /// What stands on top of an object. Nothing is believed without the id of its key, whatever else is
    /// there; and what is taken off is written before the rest of the mail, of which nothing is lost.
    static let storedMail = FuzzTarget("stored-mail") { bytes in
        guard let id = MailID("o3vrnil0e2ic28trm7dfhrc2v0clambda4nbp0g1") else { return }
        let header = HeaderBlock(bytes[...])
        guard let head = StoredHead(of: header, id: id) else { return }
        try require(bytes.firstRange(of: Array(id.text.utf8)) != nil, "the id")
        try require((1...bytes.count).contains(head.end), "the block's end")
        let block = Array(head.block.readableBytesView)
        let again = block + bytes[head.end...]
        guard let second = StoredHead(of: HeaderBlock(again[...]), id: id) else {
            throw FuzzFind("the block, written anew, is none")
        }
        try requireEqual(second.mailFrom, head.mailFrom, "the sender")
        try requireEqual(second.recipient, head.recipient, "the recipient")
        try require(second.end >= block.count, "where the block ends")
    }
}

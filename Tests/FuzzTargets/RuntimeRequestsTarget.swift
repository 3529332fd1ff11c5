import Handlers

extension FuzzTarget {
    /// Requests of a Lambda function's runtime: what is read does not depend on how the bytes are
    /// cut, and is bounded.
    static let runtimeRequests = FuzzTarget("runtime-requests") { bytes in
        let bodyBytesMax = 100
        let read = try Splits.same(bytes[...]) { pieces in
            var reader = HTTPRequestReader(bodyBytesMax: bodyBytesMax)
            var read: [HTTPRequest] = []
            do throws(HTTPRequestReader.Problem) {
                for piece in pieces {
                    reader.take(piece)
                    while let request = try reader.next() { read.append(request) }
                }
                return Ending(requests: read, problem: nil)
            } catch {
                return Ending(requests: read, problem: error)
            }
        }
        for request in read.requests {
            try require(request.body.count <= bodyBytesMax, "a body of \(request.body.count)")
            switch RuntimeRequest(request) {
            case .error(_, let reason), .initError(let reason):
                try require(reason.count <= RuntimeRequest.reasonCharactersMax, reason)
            case .next, .response, .unknown: break
            }
        }
    }

    private struct Ending: Equatable {
        var requests: [HTTPRequest]
        var problem: HTTPRequestReader.Problem?
    }
}

import Storage
import Testing
import WebPoster

@testable import Daemon

/// What the answer to a GET is to who asked for an object.
@Suite struct GuardedObjectCarrierTests {
    private static func answer(_ status: Int, body: [UInt8]?) -> HTTPAnswer {
        var answer = HTTPAnswer(status: status, mediaType: nil, body: body)
        answer.entityTag = "tag"
        return answer
    }

    @Test(
        arguments: [
            (
                .success(answer(200, body: [1, 2])),
                .answered(status: 200, entityTag: "tag", body: [1, 2])
            ),
            (.success(answer(200, body: nil)), .tooLarge(bytesMax: 7)),
            // A long page about a fault says nothing of the object.
            (.success(answer(503, body: nil)), .failed("the answer has more than 7 bytes")),
            (.success(answer(404, body: nil)), .failed("the answer has more than 7 bytes")),
            (.success(answer(404, body: [])), .answered(status: 404, entityTag: "tag", body: [])),
            (.failure(.failed("reset")), .failed("reset")),
            (.failure(.untrusted("TLS: none")), .failed("TLS: none")),
            (.failure(.forbidden("not there")), .failed("not there")),
        ] as [(Result<HTTPAnswer, HTTPFailure>, ObjectAnswer)])
    func isOfTheObjectOrNot(
        _ result: Result<HTTPAnswer, HTTPFailure>, _ expected: ObjectAnswer
    ) {
        #expect(ObjectAnswer(result, bytesMax: 7) == expected)
    }
}

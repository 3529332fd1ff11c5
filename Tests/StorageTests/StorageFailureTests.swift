import Storage
import Testing

/// What each kind of failure means for who goes on.
@Suite struct StorageFailureTests {
    @Test(
        arguments: [
            (.full("a"), true, false), (.refused("a"), true, false),
            (.syncFailed("a"), false, true), (.replaced("a"), false, true),
            (.damaged("a"), false, false), (.notFound("a"), false, false),
            (.forbidden("a"), false, false),
        ] as [(StorageFailure, Bool, Bool)])
    func meansSomething(_ failure: StorageFailure, _ mayPass: Bool, _ isSyncFailure: Bool) {
        #expect(failure.mayPass == mayPass)
        #expect(failure.isSyncFailure == isSyncFailure)
        #expect(failure.description.hasSuffix(": a"))
    }
}

/// One set of other people's cases, played against our own parts in this process. `Tests/Suites`
/// unpacks the set, starts this program, and compares what differs with `differences/NAME.txt`.
protocol OutsideSuite: SendableMetatype {
    /// The set's name in the archive; `set/part` where one set has several suites.
    static var name: String { get }

    /// Every result that the set expects and what came of it, in the order of the set.
    static func results(in folder: String) async throws -> [SuiteResult]
}

/// One thing that a suite expects, and what came of it: texts without line ends.
struct SuiteResult: Codable {
    var `case`: String
    var step: String
    var theirs: String
    var ours: String
}

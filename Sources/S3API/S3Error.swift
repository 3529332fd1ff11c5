import Hummingbird

/// What S3 answers where it does not do what was asked: all of its codes that we use.
/// S3: “Error responses”
package struct S3Error: Error, Sendable, Equatable {
    package let code: String
    let status: HTTPResponse.Status
    let message: String

    private init(_ code: String, _ status: HTTPResponse.Status, _ message: String) {
        self.code = code
        self.status = status
        self.message = message
    }

    // MARK: Who asks

    static func accessDenied(_ message: String = "Access Denied") -> S3Error {
        S3Error("AccessDenied", .forbidden, message)
    }

    static func malformedHeader(_ reason: String) -> S3Error {
        S3Error(
            "AuthorizationHeaderMalformed", .badRequest,
            "The authorization header that you provided is not valid: \(reason).")
    }

    static func malformedQuery(_ reason: String) -> S3Error {
        S3Error(
            "AuthorizationQueryParametersError", .badRequest,
            "The query that you signed is not valid: \(reason).")
    }

    static let otherAlgorithm = S3Error(
        "InvalidRequest", .badRequest,
        "The authorization mechanism you have provided is not supported. Please use "
            + "AWS4-HMAC-SHA256.")
    static let unknownKey = S3Error(
        "InvalidAccessKeyId", .forbidden,
        "The access key ID that you provided does not exist in our records.")
    static let otherSignature = S3Error(
        "SignatureDoesNotMatch", .forbidden,
        "The request signature that we calculated does not match the signature that you provided. "
            + "Check your secret access key and signing method.")
    static let skewed = S3Error(
        "RequestTimeTooSkewed", .forbidden,
        "The difference between the request time and the server's time is too large.")

    // MARK: What is asked

    static func invalidArgument(_ message: String) -> S3Error {
        S3Error("InvalidArgument", .badRequest, message)
    }

    static func invalidRequest(_ message: String) -> S3Error {
        S3Error("InvalidRequest", .badRequest, message)
    }

    static func notImplemented(_ what: String) -> S3Error {
        S3Error(
            "NotImplemented", .notImplemented,
            "You asked for something that is not implemented: \(what).")
    }

    static let multipart = S3Error(
        "NotImplemented", .notImplemented,
        "Uploads in parts are not taken: put the object in one request (the aws command does where "
            + "its s3.multipart_threshold is above the object's size; so do SDKs).")
    static let invalidURI = S3Error(
        "InvalidURI", .badRequest, "The specified URI could not be parsed.")
    static let methodNotAllowed = S3Error(
        "MethodNotAllowed", .methodNotAllowed,
        "The specified method is not allowed against this resource.")
    static let noSuchBucket = S3Error(
        "NoSuchBucket", .notFound, "The specified bucket does not exist.")
    static let noSuchKey = S3Error(
        "NoSuchKey", .notFound, "The specified key does not exist.")
    static let invalidRange = S3Error(
        "InvalidRange", .rangeNotSatisfiable, "The requested range is not satisfiable.")
    static let preconditionFailed = S3Error(
        "PreconditionFailed", .preconditionFailed,
        "At least one of the preconditions you specified did not hold.")

    // MARK: Bodies

    static let missingLength = S3Error(
        "MissingContentLength", .lengthRequired,
        "You must provide the Content-Length HTTP header.")
    static let tooLarge = S3Error(
        "EntityTooLarge", .badRequest,
        "Your proposed upload exceeds the maximum allowed object size.")
    static let incompleteBody = S3Error(
        "IncompleteBody", .badRequest,
        "You did not provide the number of bytes specified by the Content-Length HTTP header.")
    static let otherDigest = S3Error(
        "XAmzContentSHA256Mismatch", .badRequest,
        "The provided 'x-amz-content-sha256' header does not match what was computed.")

    static let invalidDigest = S3Error(
        "InvalidDigest", .badRequest, "The Content-MD5 you specified is not valid.")
    static let badDigest = S3Error(
        "BadDigest", .badRequest,
        "The Content-MD5 you specified did not match what we received.")

    // MARK: Us

    static let internalError = S3Error(
        "InternalError", .internalServerError, "We encountered an internal error.")
    static let unavailable = S3Error(
        "ServiceUnavailable", .serviceUnavailable, "It cannot be done now. Please try again.")
}

/// Says what some content is by its first bytes, whatever its mail calls it. An edge holds a
/// library that knows.
package protocol ContentTypeGuesser: Sendable {
    /// `type/subtype` of what begins with `front`, of which it is given at most
    /// `MIMEAttachments.frontBytesMax` bytes; nil if that cannot be said. Any thread may ask.
    func contentType(of front: ArraySlice<UInt8>) -> String?
}

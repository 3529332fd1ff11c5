package import Hummingbird
import MailModel

/// What is known of who asks, beside the request.
package struct S3Context: InitializableFromSource, Sendable {
    /// Whether this machine itself asks, or a proxy on it: between it and us nobody is on the way.
    let isLocal: Bool

    package init(source: ApplicationRequestContextSource) {
        isLocal =
            source.channel.remoteAddress?.ipAddress.flatMap { IPAddress($0) }?.isLoopback ?? false
    }

    package init(isLocal: Bool) {
        self.isLocal = isLocal
    }
}

/// Ports that the protocols have.
package enum SMTPPort {
    package static let relay = 25
}

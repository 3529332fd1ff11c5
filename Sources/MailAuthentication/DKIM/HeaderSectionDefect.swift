/// Why those who read a mail may take another header section for its own than the one that its
/// signatures are over: some pass such a line over, and some take it for the first of the body,
/// which then shows what nobody has signed. Lines count from 1.
package enum HeaderSectionDefect: Sendable, Hashable, CustomStringConvertible {
    /// It has no colon, or no name before it.
    case noField(line: Int)
    /// The first line begins with white space: behind fields of ours it would continue the last.
    case orphanContinuation
    /// A CR without its LF, where some see the end of a line.
    case bareCR(line: Int)
    /// A field whose name begins with two dashes, as the line before a part of MIME.
    case delimiter(line: Int)
    /// The header section ends with what was read of it, and a body follows.
    case noEmptyLine

    package var description: String {
        switch self {
        case .noField(let line): "line \(line) is no field"
        case .orphanContinuation: "its first line continues nothing"
        case .bareCR(let line): "line \(line) has a CR without LF"
        case .delimiter(let line): "line \(line) may be a delimiter of MIME"
        case .noEmptyLine: "no empty line ends it"
        }
    }
}

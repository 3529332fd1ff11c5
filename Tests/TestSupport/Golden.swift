import Foundation

/// Files that hold what is expected. With `UPDATE_GOLDEN=1` in the environment they are written
/// anew from what is; the difference is then for eyes and version control.
package enum Golden {
    package static let isUpdating = ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1"

    /// What the file at `path` expects; where files are updated, `actual`, which it then holds.
    package static func text(_ path: String, updatedTo actual: String) throws -> String {
        if isUpdating {
            try actual.write(toFile: path, atomically: true, encoding: .utf8)
        }
        return (try? ProjectFiles.text(path)) ?? ""
    }
}

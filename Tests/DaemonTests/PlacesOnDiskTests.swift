import Daemon
import Documents
import Foundation
import TestSupport
import Testing

/// Beside the golden cases of `config-bad`: what wants a disk, or has no data folder.
@Suite struct PlacesOnDiskTests {
    private func problems(_ text: String, in folder: String) -> [String] {
        do throws(DocumentProblems) {
            _ = try ConfigurationDocument.read(
                "hostname: mx.example.com\nlisteners: [{address: 127.0.0.1, port: 2525}]\n" + text,
                path: "\(folder)/martlet.yaml")
            return []
        } catch {
            return error.problems.map {
                "\($0.path): \($0.message.replacing("\(folder)/", with: ""))"
            }
        }
    }

    @Test func symbolicLinksAreFollowed() throws {
        let folder = try ProjectFiles.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for made in ["data/spool", "mail"] {
            try FileManager.default.createDirectory(
                atPath: "\(folder)/\(made)", withIntermediateDirectories: true)
        }
        for (link, place) in [("to-data", "data"), ("to-mail", "mail")] {
            try FileManager.default.createSymbolicLink(
                atPath: "\(folder)/\(link)", withDestinationPath: "\(folder)/\(place)")
        }
        let text = """
            dataDirectory: to-data
            buckets:
              mail: {directory: mail}
              again: {directory: to-mail}
              spool: {directory: data/spool/not-yet/made}
              fine: {directory: to-data/buckets/fine}
            """
        #expect(
            problems(text, in: folder) == [
                "buckets.again.directory: to-mail is the folder of bucket “mail” already",
                "buckets.spool.directory: to-data/spool is the server's own",
            ])
    }

    @Test func theRootHoldsEverything() {
        let text = "dataDirectory: data\nbuckets: {all: {directory: /}}"
        #expect(
            problems(text, in: "/etc/martlet")
                == ["buckets.all.directory: the data folder, data, lies there"])
    }

    @Test func bucketsMeetWithoutADataFolder() {
        let text = "buckets:\n  a: {directory: mail}\n  b: {directory: mail/b}"
        #expect(
            problems(text, in: "/etc/martlet") == [
                ": “dataDirectory” is missing",
                "buckets.b.directory: mail/b lies in the folder of bucket “a”, whose listing "
                    + "would show it",
            ])
    }
}

import MailModel
import OutboundSMTP
import WebPoster

/// Fetches the policies of MTA-STS by the one way in which requests leave.
struct GuardedPolicyFetcher: PolicyFetcher {
    private let client: GuardedHTTPClient

    init(_ addressGuard: AddressGuard) throws {
        client = try GuardedHTTPClient(
            addressGuard: addressGuard, resolve: SystemResolver.addresses)
    }

    func fetchPolicy(from host: Domain) async -> Result<[UInt8], PolicyFetchFailure> {
        let url: WebURL
        do throws(WebURL.ParsingError) {
            url = try WebURL(parsing: "https://\(host.ascii)/.well-known/mta-sts.txt")
        } catch {
            return .failure(.failed("\(error)"))
        }
        switch await client.get(url) {
        case .failure(.untrusted(let reason)): return .failure(.certificate(reason))
        case .failure(let failure): return .failure(.failed("\(failure)"))
        case .success(let answer):
            guard answer.status == 200 else {
                return .failure(.failed("answered with \(answer.status)"))
            }
            let type = answer.mediaType?.lowercased().split(separator: ";").first ?? ""
            guard type.filter({ !$0.isWhitespace }) == "text/plain" else {
                return .failure(.failed("answered with the media type \(answer.mediaType ?? "")"))
            }
            guard let body = answer.body, body.count <= STSPolicy.bytesMax else {
                return .failure(.failed("the policy is longer than \(STSPolicy.bytesMax) bytes"))
            }
            return .success(body)
        }
    }
}

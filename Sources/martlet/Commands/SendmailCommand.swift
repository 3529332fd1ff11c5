import ArgumentParser
import Glibc

/// `martlet sendmail`, and what a link by that name does.
struct SendmailCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sendmail",
        abstract: "What /usr/sbin/sendmail does, for programs that call it: cron, PHP, mailers.",
        discussion: """
            The same by a link to this program called sendmail; one called mailq lists the queue. \
            A mail is read from standard input, up to a line with a dot alone unless -i is given.

              -t            recipients are those of To, Cc and Bcc, too; Bcc is taken out
              -f, -r SENDER where bounces go; else whom the mail names as Sender or From
              -F NAME       the name of who wrote it, where the mail has no From
              -i, -oi       a dot alone is text
              -N, -R, -V    what is told of delivery: NOTIFY, RET, ENVID of RFC 3461
              -bp           list the queue, as mailq does
              -q            try all that waits now; -qIID one mail, -qRDOMAIN one domain
              -C FILE       the configuration file

            Other options of the historical program are taken and change nothing, but for -bs, -bd, \
            -bv and the like, which are refused. Exit status as in sysexits.h: 75 where the mail is \
            to be tried again later.
            """)

    @Argument(parsing: .captureForPassthrough, help: "Options and recipients.")
    var arguments: [String] = []

    func run() throws {
        guard !arguments.contains("--help") else {
            throw CleanExit.helpRequest(Self.self)
        }
        let status = Sendmail.run(arguments, as: "sendmail")
        if status != EX_OK { throw ExitCode(status) }
    }
}

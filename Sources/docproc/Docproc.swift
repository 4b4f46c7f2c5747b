import ArgumentParser
import Programs

@main
struct Docproc: Program {
  static let configuration = CommandConfiguration(
    commandName: "docproc",
    abstract: "Read whole books and codebases in one pass, and query the answers with SQL.",
    discussion: """
      Without --database or DATABASE_URL a private Postgres is kept under the data directory and started when needed. \
      Exit status: 0 done, 1 failed, 2 wrong usage.
      """,
    version: Version.text,
    subcommands: [
      UpCommand.self, DownCommand.self, ServeCommand.self, KeyCommand.self, SubmitCommand.self,
      AskCommand.self, StatusCommand.self,
      ListCommand.self, WaitCommand.self,
      CancelCommand.self, PauseCommand.self, ResumeCommand.self, RetryCommand.self,
      RemoveJobCommand.self, ResultCommand.self, ResultsCommand.self, SearchCommand.self,
      ReadingsCommand.self, DatabaseCommand.self,
      DoctorCommand.self, LogsCommand.self, ModelCommand.self,
    ])
}

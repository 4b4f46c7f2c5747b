import ArgumentParser

@main
struct Docproc: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "docproc",
    abstract: "Read whole books and codebases in one pass, and query the answers with SQL.",
    subcommands: [ModelCommand.self])
}

import ArgumentParser

struct ModelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "model", abstract: "Install, inspect and run models.",
    subcommands: [
      InstallCommand.self, PullCommand.self, AddCommand.self, RemoveCommand.self,
      ModelListCommand.self,
      InspectCommand.self, QuantizeCommand.self,
      BenchCommand.self, EvalCommand.self, TuneCommand.self, FlopsCommand.self,
      LogitsCommand.self, GenerateCommand.self, TokenizeCommand.self, ReadCommand.self,
    ])
}

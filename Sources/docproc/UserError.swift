/// Something the user can put right: printed without a trace, exit status 1.
struct UserError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

//! Parse, build the context, run, and turn the outcome into an exit status.

use std::process::ExitCode;

fn main() -> ExitCode {
    mcp_pin::cli::main()
}

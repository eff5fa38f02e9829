//! The `strata` command. Everything lives in the library, so that tests run it in process.
use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}

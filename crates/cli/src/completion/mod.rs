//! Scripts that teach a shell our commands and flags, made from the command table.
//!
//! Names of commands and flags are written into the script, so completing them starts no process. Names of
//! images and containers are asked for with `strata __complete KIND PREFIX`.
mod bash;
mod fish;
mod powershell;
mod table;
mod zsh;

pub use table::Shell;

//! Archives read and written: the rules ARC-1 to ARC-8 with forged archives and harmless twins, the generations,
//! and interchange with other programs.

#![expect(clippy::disallowed_methods, reason = "tests lay out their own files and start programs")]
#![expect(clippy::unwrap_used, reason = "what a test cannot go on without may end it")]

mod compression;
mod folders;
mod forge;
mod generations;
mod hostile;
mod interchange;
mod join;
mod legacy;
mod limits;
mod property;
mod save;

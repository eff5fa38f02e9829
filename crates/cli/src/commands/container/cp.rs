//! `strata cp`: files between a container and this machine.
use std::os::unix::ffi::OsStrExt;

use engine::ops::container::{Copied, CopyFailure, CopyIn, CopyOut, CopySource, CopyTarget};

use crate::flags::{Action, ArgRule, Command, Files, Flag, Matches, Operand};
use crate::term::{escape, size};
use crate::{Context, Failure, Outcome};

/// `strata cp`
pub(in crate::commands) static CP: Command = CONTAINER_CP;
/// `strata container cp`
pub(in crate::commands) const CONTAINER_CP: Command = Command {
    name: "cp",
    arguments: "[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n\tstrata cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH",
    short: "Copy files/folders between a container and the local filesystem",
    long: "Copy files/folders between a container and the local filesystem\n\nUse '-' as the source to read a tar \
           archive from stdin\nand extract it to a directory destination in a container.\nUse '-' as the destination \
           to stream a tar archive of a\ncontainer source to stdout.",
    spellings: &["container cp", "cp"],
    flags: &[
        Flag::bool("archive", "Archive mode (copy all uid/gid information)").short('a'),
        Flag::bool("follow-link", "Always follow symbol link in SRC_PATH").short('L'),
        Flag::bool(
            "quiet",
            "Suppress progress output during copy. Progress output is automatically suppressed if no terminal is \
             attached",
        )
        .short('q'),
    ],
    rule: ArgRule::Exactly(2),
    path_operands: true,
    operand: Operand::Container,
    files: Files::Always,
    action: Action::Run(cp),
    ..Command::USUAL
};

/// One side of a copy.
#[derive(Debug, PartialEq, Eq)]
enum Side<'s> {
    /// A path of this machine, or `-`.
    Here(&'s [u8]),
    /// A container, and a path in it.
    There(String, &'s [u8]),
}

/// What has a colon is in a container, unless it begins like a path.
fn side(operand: &[u8]) -> Side<'_> {
    let colon = operand.iter().position(|b| *b == b':').filter(|_| !operand.starts_with(b"/"));
    match colon.map(|at| (&operand[..at], &operand[at + 1..])) {
        Some((container, path)) if !container.is_empty() && !container.starts_with(b".") => {
            Side::There(String::from_utf8_lossy(container).into_owned(), path)
        }
        // A colon without a name before it is taken away, as Docker does.
        Some((b"", path)) => Side::Here(path),
        _ => Side::Here(operand),
    }
}

fn cp(matches: &Matches, context: &mut Context) -> Outcome {
    let operand = |index| matches.path_operand(index).unwrap_or_default().as_bytes();
    let (from, to) = (operand(0), operand(1));
    if from.is_empty() {
        return Err(Failure::new("source can not be empty"));
    }
    if to.is_empty() {
        return Err(Failure::new("destination can not be empty"));
    }
    let copied = match (side(from), side(to)) {
        (Side::There(..), Side::There(..)) => {
            return Err(Failure::new("copying between containers is not supported"));
        }
        (Side::Here(_), Side::Here(_)) => {
            return Err(Failure::new("must specify at least one container source"));
        }
        (Side::There(container, path), Side::Here(to)) => copy_out(matches, context, container, path, to)?,
        (Side::Here(from), Side::There(container, path)) => copy_in(matches, context, container, path, from)?,
    };
    if let Some((copied, to)) = copied {
        let told = matches.given("quiet") || context.ui.terminal().output;
        if told && !matches.bool("quiet") {
            let text = format!("Successfully copied {} to {}", size::short(copied.bytes), escape::line(&to));
            context.ui.talk(&text);
        }
    }
    Ok(())
}

/// A path of this machine from the root, as it was typed from here.
#[expect(clippy::disallowed_methods, reason = "paths that the user typed begin where the user is")]
fn whole(typed: &[u8]) -> Result<Vec<u8>, Failure> {
    if typed.starts_with(b"/") {
        return Ok(typed.to_vec());
    }
    let here = std::env::current_dir().map_err(|error| Failure::new(format!("getwd: {error}")))?;
    Ok([here.as_os_str().as_bytes(), b"/", typed].concat())
}

type Told = Option<(Copied, String)>;

fn copy_out(
    matches: &Matches,
    context: &mut Context,
    container: String,
    path: &[u8],
    to: &[u8],
) -> Result<Told, Failure> {
    let engine = context.engine(matches)?;
    let request = CopyOut {
        container,
        path: path.to_vec(),
        follow: matches.bool("follow-link"),
        keep_owners: matches.bool("archive"),
    };
    if to == b"-" {
        let copied = engine.copy_from_container(&request, CopyTarget::Stream(&mut context.ui.out()));
        return copied.map(|_| None).map_err(failure);
    }
    let copied = engine.copy_from_container(&request, CopyTarget::Path(whole(to)?)).map_err(failure)?;
    let to = String::from_utf8_lossy(&copied.to).into_owned();
    Ok(Some((copied, to)))
}

fn copy_in(
    matches: &Matches,
    context: &mut Context,
    container: String,
    path: &[u8],
    from: &[u8],
) -> Result<Told, Failure> {
    let engine = context.engine(matches)?;
    let request = CopyIn { container, path: path.to_vec(), follow: matches.bool("follow-link") };
    let copied = match from {
        b"-" => {
            let mut stream = context.ui.take_input();
            engine.copy_to_container(&request, CopySource::Stream(&mut stream))
        }
        from => engine.copy_to_container(&request, CopySource::Path(whole(from)?)),
    }
    .map_err(failure)?;
    let to = format!("{}:{}", request.container, String::from_utf8_lossy(&copied.to));
    Ok(Some((copied, to)))
}

fn failure(failure: CopyFailure) -> Failure {
    match failure.is_local {
        true => Failure::client(&failure.error),
        false => Failure::daemon(&failure.error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colon_makes_a_container_unless_a_path_begins() {
        let check = |text: &'static str, expect| assert_eq!(side(text.as_bytes()), expect, "{text}");
        check("web:/etc", Side::There("web".into(), b"/etc"));
        check("web:a:b", Side::There("web".into(), b"a:b"));
        check("web:", Side::There("web".into(), b""));
        check("./web:a", Side::Here(b"./web:a"));
        check("/web:a", Side::Here(b"/web:a"));
        check("web", Side::Here(b"web"));
        check("-", Side::Here(b"-"));
        check(":a", Side::Here(b"a"));
    }
}

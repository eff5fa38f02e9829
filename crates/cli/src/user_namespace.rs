//! Commands on files of containers, for an ordinary user: they are run again where the user is root.
use std::ffi::OsString;
use std::process::ExitStatus;
use std::thread;

use engine::user_namespace;
use signal_hook::consts::{SIGHUP, SIGTERM};
use signal_hook::iterator::Signals;

use crate::flags::{Files, Matches};
use crate::{Context, Failure};

/// Runs the command in a user namespace where it needs one, with the store that it would have had here; says how it
/// ended. Nothing where it can do without.
pub(crate) fn run_in_one(
    args: &[OsString],
    matches: &Matches,
    context: &mut Context,
) -> Result<Option<u8>, Failure> {
    let files = matches.command.files;
    let asks_sizes =
        || matches.given("size") || matches.text_given("format").is_some_and(|f| f.contains("Size"));
    let may_need = match files {
        Files::None => false,
        Files::ForSizes => asks_sizes(),
        Files::IfAny | Files::Always => true,
    };
    if !may_need || !user_namespace::is_needed() {
        return Ok(None);
    }
    let engine = context.engine(matches)?;
    if files != Files::Always && !engine.has_files_of_containers() {
        return Ok(None);
    }
    let mut again: Vec<OsString> = vec!["--root".into(), engine.settings.root.value.clone().into()];
    if !matches.given("storage-driver") {
        // The only one that needs no mounts, and hence works in every namespace.
        again.extend(["--storage-driver".into(), "vfs".into()]);
    }
    again.extend(args.iter().cloned());
    let mut child = match engine.start_in_user_namespace(&again) {
        Ok(child) => child,
        // What can be done without is done.
        Err(_) if files != Files::Always => return Ok(None),
        Err(error) => {
            let failure = Failure::client(&error);
            let exit = if matches.command.name == "run" { Failure::FLAG } else { failure.exit };
            return Err(Failure { exit, ..failure });
        }
    };
    context.patience.leave_signals_to_command();
    pass_signals(child.id());
    let status = child.wait().map_err(|error| Failure::new(error.to_string()))?;
    Ok(Some(exit_code(status)))
}

fn exit_code(status: ExitStatus) -> u8 {
    use std::os::unix::process::ExitStatusExt;
    let code = status.code().or(status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}

/// Those of the terminal reach both at once; the others only this process.
fn pass_signals(child: u32) {
    let Ok(mut signals) = Signals::new([SIGTERM, SIGHUP]) else { return };
    thread::spawn(move || {
        let pid = i32::try_from(child).ok().and_then(rustix::process::Pid::from_raw);
        for signal in signals.forever() {
            if let (Some(pid), Some(signal)) = (pid, rustix::process::Signal::from_named_raw(signal)) {
                let _ = rustix::process::kill_process(pid, signal);
            }
        }
    });
}

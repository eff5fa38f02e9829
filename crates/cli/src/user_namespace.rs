//! Commands on files of containers, for an ordinary user: they are run again where the user is root.
use std::ffi::OsString;
use std::process::ExitStatus;
use std::thread;

use engine::user_namespace;
use signal_hook::consts::{SIGHUP, SIGTERM};
use signal_hook::iterator::Signals;

use crate::flags::Matches;
use crate::{Context, Failure, Outcome};

/// Whether a command has to be run again.
pub(crate) fn is_needed(context: &Context) -> bool {
    !user_namespace::is_inside() && (context.host)(None).uid != 0
}

/// Runs the command in a user namespace, with the store that it would have had here, and ends as it does.
pub(crate) fn run_in_one(args: &[OsString], matches: &Matches, context: &mut Context) -> Outcome {
    let engine = context.engine(matches)?;
    let mut again: Vec<OsString> = vec!["--root".into(), engine.settings.root.value.clone().into()];
    if !matches.given("storage-driver") {
        // The only one that needs no mounts, and hence works in every namespace.
        again.extend(["--storage-driver".into(), "vfs".into()]);
    }
    again.extend(args.iter().cloned());
    context.patience.leave_signals_to_command();
    let mut child = engine.start_in_user_namespace(&again).map_err(|error| Failure::client(&error))?;
    pass_signals(child.id());
    let status = child.wait().map_err(|error| Failure::new(error.to_string()))?;
    match exit_code(status) {
        0 => Ok(()),
        code => Err(Failure::silent(code)),
    }
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

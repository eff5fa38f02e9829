//! `strata registry serve`: serve images to the machines around.
use std::sync::Arc;
use std::time::Duration;

use registry_server::LogSink;
use signal_hook::consts::SIGHUP;

use super::failed::failed;
use super::place;
use crate::flags::{Action, ArgRule, Command, Flag, Matches};
use crate::ui::reason;
use crate::{Context, Failure, Outcome};

static FLAGS: &[Flag] = &[place::LISTEN, place::ROOT, place::CONFIG];

/// `strata registry serve`
pub(super) static SERVE: Command = Command {
    name: "serve",
    arguments: "[OPTIONS]",
    short: "Serve a registry until it is stopped",
    long: "Serve a registry until it is stopped with Ctrl-C or SIGTERM.

Nothing needs to be configured. The line 'listening on http://HOST:PORT' says
that it serves; the log, one JSON object a line, goes to standard error.
Options stand over environment variables STRATA_REGISTRY_<NAME>, those over the
configuration file: STRATA_REGISTRY_ROOT is 'root', STRATA_REGISTRY_TLS__KEY is
'key' in [tls]; STRATA_REGISTRY_CONFIG names the file itself.
When it is stopped, requests get some seconds to end, and unfinished uploads
can be continued with the next server; a second signal ends it at once. SIGHUP
does nothing: certificates and passwords are read again when their files change.",
    flags: FLAGS,
    rule: ArgRule::None,
    action: Action::Run(serve),
    ..Command::USUAL
};

/// How long stopping may take: longer than the server gives its requests.
const STOP_TIME: Duration = Duration::from_secs(20);
/// How long to sleep between looks for a signal, which ends the sleep.
const SLEEP: Duration = Duration::from_secs(3_600);

fn serve(matches: &Matches, context: &mut Context) -> Outcome {
    let mut config = place::load_to_serve(matches, context)?;
    config.log = LogSink::new(context.ui.log());
    // Services get it to read their files again, which happens without it, and must not end of it.
    let ignored = signal_hook::flag::register(SIGHUP, Arc::default());
    ignored.map_err(|e| Failure::new(format!("cannot take SIGHUP: {}", reason(&e))))?;
    let running = registry_server::serve(config).map_err(|e| failed(&e))?;
    context.patience.ask(STOP_TIME);
    context.ui.line(&format!("listening on {}", running.url()));
    context.ui.flush();
    while !context.cancel.sleep(SLEEP) {}
    running.stop();
    Ok(())
}

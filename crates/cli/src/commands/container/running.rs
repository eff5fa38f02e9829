//! Running a container: creating it, starting it, and staying with it unless that is not wanted.
use engine::Engine;
use engine::ops::container::RemoveContainer;

use super::creating::Creation;
use super::detach_keys::DetachKeys;
use super::start::finish;
use super::streams::{Attachment, SignalsGo, attach, check_terminal, wants};
use crate::{Context, Failure, Outcome};

/// A container to run.
#[derive(Debug, Clone)]
pub(super) struct Run {
    /// The container.
    pub(super) creation: Creation,
    /// Whether it is left alone once it runs.
    pub(super) detach: bool,
    /// Whether signals go to it.
    pub(super) sig_proxy: bool,
    /// The keys that leave it.
    pub(super) keys: DetachKeys,
}

impl Run {
    /// Runs it. What goes wrong before its program runs has exit codes of its own: 125, 126 and 127.
    pub(super) fn run(&self, context: &mut Context, engine: &Engine) -> Outcome {
        let config = &self.creation.request.config;
        if !self.detach {
            check_terminal(context, config.attach_stdin, config.tty)?;
        }
        let created = self
            .creation
            .create(context, engine)
            .map_err(|failure| with_advice("run", failure, Failure::FLAG))?;
        let id = created.id.as_str();
        let asked = (!self.detach)
            .then(|| wants(config.attach_stdin, config.attach_stdout, config.attach_stderr, config.tty));
        let connection = match engine.start_container(id, asked) {
            Ok(connection) => connection,
            Err(not_started) => {
                if self.creation.request.host_config.auto_remove {
                    // Its monitor may have done it already.
                    let _ = engine.remove_container(id, &RemoveContainer { force: true, volumes: true });
                }
                return Err(with_advice("run", Failure::daemon(&not_started.error), not_started.exit_code));
            }
        };
        let is_attached = config.attach_stdin || config.attach_stdout || config.attach_stderr;
        match connection {
            Some(connection) if is_attached && !self.detach => {
                let (stdin, tty) = (config.attach_stdin, config.tty);
                let attachment = Attachment {
                    stdin,
                    tty,
                    signals: SignalsGo::proxied(self.sig_proxy),
                    keys: self.keys.clone(),
                };
                finish(attach(context, connection, &attachment)?)
            }
            _ => {
                context.ui.line(id);
                Ok(())
            }
        }
    }
}

/// A failure as `run` and `create` tell it.
pub(super) fn with_advice(command: &str, failure: Failure, exit: u8) -> Failure {
    let Some(message) = failure.message else { return Failure::silent(failure.exit) };
    Failure::with_exit(
        exit,
        format!("strata: {message}\n\nRun 'strata {command} --help' for more information"),
    )
}

//! What is said when the registry fails.
use std::io::ErrorKind;
use std::path::Path;

use registry_server::Error;

use crate::Failure;
use crate::term::escape;
use crate::ui::reason;

/// A failure of the registry, with a way out where there is one.
pub(super) fn failed(error: &Error) -> Failure {
    let text = match error {
        Error::Listen { address, source } => format!("cannot listen on {address}: {}", reason(source)),
        other => other.to_string(),
    };
    let mut message = escape::layout(text.trim_end()).into_owned();
    if let Some(hint) = hint(error) {
        message.push_str("\nhint: ");
        message.push_str(hint);
    }
    Failure::new(message)
}

/// The same for what was done to a root, which may not be there.
pub(super) fn failed_at(root: &Path) -> impl FnOnce(Error) -> Failure {
    move |error| {
        let Failure { exit, mut message } = failed(&error);
        let missing = matches!(&error, Error::Disk(error) if error.is_not_found() && error.path() == root);
        if let Some(message) = message.as_mut().filter(|_| missing) {
            message
                .push_str("\nhint: --root names the folder of a registry; `strata registry serve` makes one");
        }
        Failure { exit, message }
    }
}

fn hint(error: &Error) -> Option<&'static str> {
    match error {
        Error::Listen { source, .. } => match source.kind() {
            ErrorKind::AddrInUse => {
                Some("another program listens there; --listen 127.0.0.1:0 picks a free port")
            }
            ErrorKind::AddrNotAvailable => Some("this machine has no such address"),
            ErrorKind::PermissionDenied => Some("ports below 1024 are for root"),
            _ => None,
        },
        _ => None,
    }
}

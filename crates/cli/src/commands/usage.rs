//! Help texts and flags that several commands share.
use std::ffi::OsString;

use crate::Environment;
use crate::flags::Flag;

/// `--format` of the listing commands.
pub(super) const FORMAT_TABLE: &str = "Format output using a custom template:
'table':            Print output in table format with column headers (default)
'table TEMPLATE':   Print output in table format using the given Go template
'json':             Print in JSON format
'TEMPLATE':         Print output using the given Go template.
Refer to https://docs.docker.com/go/formatting/ for more information about formatting output with templates";

/// `--format` of the commands that show single objects.
pub(super) const FORMAT_OBJECT: &str = "Format output using a custom template:
'json':             Print in JSON format
'TEMPLATE':         Print output using the given Go template.
Refer to https://docs.docker.com/go/formatting/ for more information about formatting output with templates";

/// Accepted because scripts pass it; nothing is signed or verified by it.
pub(super) const DISABLE_CONTENT_TRUST: Flag =
    Flag::bool("disable-content-trust", "Skip image verification").preset("true").hidden();

/// The platform that `DOCKER_DEFAULT_PLATFORM` asks for.
pub(super) fn default_platform(env: &Environment) -> Option<OsString> {
    env.var("DOCKER_DEFAULT_PLATFORM")
}

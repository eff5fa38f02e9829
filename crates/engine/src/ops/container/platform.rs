//! Whether this machine can run a container's programs.

use std::path::Path;

use runner::record::Found;
use spec::{Platform, PlatformMatcher};

use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};

/// Where the kernel shows the handlers for foreign programs.
const HANDLERS: &str = "/proc/sys/fs/binfmt_misc";
/// A handler is described in some 300 bytes.
const HANDLER_BYTES_MAX: u64 = 64 << 10;

impl Engine {
    /// Refuses a container whose programs this machine cannot run, neither itself nor through a handler.
    pub(super) fn check_runnable(&self, found: &Found) -> Result<()> {
        let container = &found.container;
        let platform = Platform::new(&container.os, &container.architecture, container.variant.as_deref());
        let host = &self.host.platform;
        if platform.os != host.os {
            let text = format!(
                "image operating system \"{}\" cannot be used on this platform: operating system is not supported",
                platform.os
            );
            let way_out = format!("choose an image for {} with --platform", host.os);
            return Err(Error::new(ErrorKind::Unsupported, text).with_hint(way_out));
        }
        let is_native = PlatformMatcher::runnable_on(host).rank(&platform).is_some();
        if is_native || has_handler(&platform.architecture) {
            return Ok(());
        }
        let text = format!(
            "exec format error: the image is for {platform}, this machine is {host} and has no handler for it"
        );
        Err(Error::new(ErrorKind::Unsupported, text).with_hint(
            "install the package `qemu-user-static`, which registers handlers for foreign programs, or choose an image \
             for this machine with --platform",
        ))
    }
}

/// Whether the kernel has a handler for programs of an architecture.
fn has_handler(architecture: &str) -> bool {
    let name = emulator(architecture);
    let file = Path::new(HANDLERS).join(format!("qemu-{name}"));
    let text = disk::read_named(&file, HANDLER_BYTES_MAX).unwrap_or_default();
    text.starts_with(b"enabled")
}

/// The emulator's word for an architecture.
fn emulator(architecture: &str) -> &str {
    match architecture {
        "amd64" => "x86_64",
        "arm64" => "aarch64",
        "386" => "i386",
        "loong64" => "loongarch64",
        "mips64le" => "mips64el",
        "mipsle" => "mipsel",
        other => other,
    }
}

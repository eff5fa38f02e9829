//! The kernel's handler for programs of another machine.

use std::fs;
use std::path::Path;

use super::{installed, run, try_run};
use crate::skip;

/// Where the kernel shows its handlers, and takes new ones.
const HANDLERS: &str = "/proc/sys/fs/binfmt_misc";
/// How Debian's `qemu-user-static` names the one for AArch64.
const NAME: &str = "qemu-aarch64";
const PROGRAM: &str = "/usr/bin/qemu-aarch64-static";
/// The head of an ELF file for AArch64, and which bits of it count (binfmt_misc's own form).
const MAGIC: &str = r"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00";
const MASK: &str = r"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff";

/// Programs for `linux/arm64` run on this machine as long as this is there.
#[derive(Debug)]
pub struct Arm64 {
    is_mounted_here: bool,
    is_registered_here: bool,
}

impl Arm64 {
    /// Registers the emulator, as its package does where it may; nothing where that is not possible.
    pub fn register() -> Option<Arm64> {
        if cfg!(target_arch = "aarch64") {
            return Some(Arm64 { is_mounted_here: false, is_registered_here: false });
        }
        if !skip::root() || !installed(&["qemu-aarch64-static", "mount"]) {
            return None;
        }
        let mut arm64 = Arm64 { is_mounted_here: false, is_registered_here: false };
        if !is_there("register") {
            arm64.is_mounted_here =
                try_run(&format!("mount -t binfmt_misc none {HANDLERS}")).status.success();
        }
        if !is_there(NAME) {
            // F: the kernel opens the emulator now, so that it works in containers that do not have it.
            let line = format!(":{NAME}:M::{MAGIC}:{MASK}:{PROGRAM}:OCF");
            arm64.is_registered_here = fs::write(Path::new(HANDLERS).join("register"), line).is_ok();
        }
        Arm64::runs().then_some(arm64)
    }

    /// Whether such programs run here; says so when not.
    pub fn runs() -> bool {
        let runs = cfg!(target_arch = "aarch64") || is_there(NAME);
        if !runs {
            skip::skip("the kernel has no handler for programs of AArch64");
        }
        runs
    }
}

fn is_there(name: &str) -> bool {
    Path::new(HANDLERS).join(name).exists()
}

impl Drop for Arm64 {
    fn drop(&mut self) {
        if self.is_registered_here {
            drop(fs::write(Path::new(HANDLERS).join(NAME), "-1"));
        }
        if self.is_mounted_here {
            run(&format!("umount {HANDLERS}"));
        }
    }
}

//! What the look-alikes have in their layers.

use crate::image::{Entry, Kind, Layer};

/// Two out of three bytes of a program do not compress.
fn program(seed: u64, len: u64) -> Vec<crate::registry::Content> {
    use crate::registry::Content;
    let noise = len / 3 * 2;
    let zeros = vec![0; usize::try_from(len - noise).unwrap_or_default()];
    vec![Content::Synthetic { seed, len: noise }, zeros.into()]
}

/// A file that looks like a program: `len` bytes, most of which do not compress.
pub(super) fn binary(path: &str, seed: u64, len: u64) -> Entry {
    let content = crate::registry::Content::Joined(program(seed, len).into());
    Entry::file(path, content).mode(0o755)
}

/// Bytes of the regular files among some entries: what a listing gives as the layer's size.
fn size(entries: &[Entry]) -> u64 {
    let len = |entry: &Entry| if let Kind::File(content) = &entry.kind { content.len() } else { 0 };
    entries.iter().map(len).sum()
}

/// A gzip layer of these entries and one more program, so that its files have `total` bytes.
pub(super) fn layer(mut entries: Vec<Entry>, path: &str, seed: u64, total: u64) -> Layer {
    let rest = total.checked_sub(size(&entries)).expect("a layer larger than its entries");
    entries.push(binary(path, seed, rest));
    Layer::gzip(entries)
}

/// The folders and small files of a Linux distribution.
pub(super) fn distribution(name: &str, version: &str) -> Vec<Entry> {
    let release = format!("NAME=\"{name}\"\nID={}\nVERSION_ID={version}\n", name.to_lowercase());
    let mut entries: Vec<Entry> =
        ["bin", "dev", "etc", "home", "lib", "proc", "root", "sys", "usr", "usr/bin"]
            .map(Entry::dir)
            .into_iter()
            .chain(["usr/lib", "usr/sbin", "var", "var/cache", "var/lib"].map(Entry::dir))
            .collect();
    entries.push(Entry::dir("tmp").mode(0o1777));
    entries.push(Entry::file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:::\n"));
    entries.push(Entry::file("etc/group", "root:x:0:\nshadow:x:42:\n"));
    entries.push(Entry::file("etc/shadow", "root:*::0:::::\n").mode(0o640).owner(0, 42));
    entries.push(Entry::file("usr/lib/os-release", release));
    entries.push(Entry::symlink("etc/os-release", "../usr/lib/os-release"));
    entries.push(Entry::symlink("bin/sh", "busybox"));
    entries.push(Entry::symlink("usr/bin/env", "../../bin/busybox"));
    entries
}

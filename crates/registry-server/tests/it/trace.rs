//! A server whose calls to the system are written down: what it costs the disk, and what the disk would still have
//! if the machine lost power.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::faults::Server;

const CALLS: &str = "openat,pread64,write,writev,sendto,pwrite64,ftruncate,fsync,fdatasync,sync_file_range,unlink,unlinkat,\
                     rename,renameat,renameat2,mkdir,mkdirat";

/// Whether calls can be written down here; says why not.
#[expect(clippy::print_stderr, reason = "a test that does nothing says why")]
pub(crate) fn is_possible() -> bool {
    let works = Command::new("strace").args(["-o", "/dev/null", "true"]).stderr(Stdio::null()).status();
    if works.is_ok_and(|status| status.success()) {
        return true;
    }
    eprintln!("skipped: strace is not installed, or may not trace here");
    false
}

/// Starts a server on a root; its calls go to a file.
pub(crate) fn start(root: &Path, log: &Path) -> Server {
    let mut command = Command::new("strace");
    command.args(["-f", "-y", "-qq", "-x", "-s", "500000", "-e", "signal=none"]);
    command.arg("-e").arg(format!("trace={CALLS}")).arg("-o").arg(log);
    command.arg(std::env::current_exe().unwrap());
    Server::start_by(command, root, None)
}

/// Something that the server did.
#[derive(Clone)]
pub(crate) enum Call {
    /// Opened a file; made it when it was not there.
    Open { path: PathBuf, made: bool, emptied: bool },
    /// Wrote bytes to a file.
    Write { path: PathBuf, bytes: Vec<u8>, offset: u64 },
    /// Cut a file, or made it longer.
    Resize { path: PathBuf, length: u64 },
    /// Read bytes of a file.
    Read,
    /// Asked for durability; what it covers is what was there when it was asked.
    Sync { path: PathBuf },
    /// Asked for bytes to be written soon, which promises nothing.
    WriteOut,
    /// Took a name away.
    Remove { path: PathBuf },
    /// Gave something another name.
    Rename { from: PathBuf, to: PathBuf },
    /// Made a directory.
    MakeDir { path: PathBuf },
    /// Began to answer a request.
    Answer,
}

/// What was written down, in order. What a call did counts from its end, what a sync covers from its beginning.
pub(crate) fn read(log: &Path) -> Vec<Call> {
    let mut begun: HashMap<&str, String> = HashMap::new();
    let mut calls = Vec::new();
    let text = std::fs::read_to_string(log).unwrap();
    for line in text.lines() {
        let (process, rest) = line.split_once(' ').unwrap();
        let rest = rest.trim_start();
        if let Some(start) = rest.strip_suffix(" <unfinished ...>") {
            // Of answers and syncs the beginning counts, on the side of caution.
            let early = start.starts_with("fsync") || start.starts_with("fdatasync") || is_answer(start);
            if early {
                calls.extend(call(&format!("{start}) = 0")));
            } else {
                begun.insert(process, start.to_owned());
            }
        } else if let Some(resumed) = rest.strip_prefix("<... ") {
            let end = resumed.split_once("resumed>").unwrap().1;
            if let Some(start) = begun.remove(process) {
                calls.extend(call(&format!("{start}{end}")));
            }
        } else {
            calls.extend(call(rest));
        }
    }
    calls
}

fn is_answer(call: &str) -> bool {
    call.contains("\"HTTP/1.1 ")
}

/// Reads one call; nothing when it failed or does not matter.
fn call(line: &str) -> Option<Call> {
    let (name, rest) = line.split_once('(')?;
    if is_answer(line) {
        return Some(Call::Answer);
    }
    let (arguments, result) = rest.rsplit_once(" = ")?;
    let arguments = split(arguments.trim_end().strip_suffix(')')?);
    if result.starts_with('-') {
        return None;
    }
    let path = |n: usize| arguments.get(n).and_then(|text| described(text));
    let beneath = |n: usize| Some(path(n)?.join(String::from_utf8(string(arguments.get(n + 1)?)?).ok()?));
    Some(match name {
        "openat" => {
            let flags = arguments.get(2)?;
            let (made, emptied) = (flags.contains("O_CREAT"), flags.contains("O_TRUNC"));
            Call::Open { path: described(result)?, made, emptied }
        }
        "pwrite64" => {
            let offset = arguments.get(3)?.trim().parse().ok()?;
            Call::Write { path: path(0)?, bytes: string(arguments.get(1)?)?, offset }
        }
        "pread64" => Call::Read,
        "ftruncate" => Call::Resize { path: path(0)?, length: arguments.get(1)?.trim().parse().ok()? },
        "fsync" | "fdatasync" => Call::Sync { path: path(0)? },
        "sync_file_range" => Call::WriteOut,
        "unlink" => Call::Remove { path: String::from_utf8(string(arguments.first()?)?).ok()?.into() },
        "unlinkat" => Call::Remove { path: beneath(0)? },
        "rename" => Call::Rename {
            from: String::from_utf8(string(arguments.first()?)?).ok()?.into(),
            to: String::from_utf8(string(arguments.get(1)?)?).ok()?.into(),
        },
        "renameat" | "renameat2" => Call::Rename { from: beneath(0)?, to: beneath(2)? },
        "mkdir" => Call::MakeDir { path: String::from_utf8(string(arguments.first()?)?).ok()?.into() },
        "mkdirat" => Call::MakeDir { path: beneath(0)? },
        _ => return None,
    })
}

/// Arguments at the commas that are in no text.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut from, mut quoted, mut escaped) = (0, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => quoted = !quoted,
            b',' if !quoted => {
                parts.push(text[from..at].trim());
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text[from..].trim());
    parts
}

/// The path of a descriptor: `5</the/path>`.
fn described(text: &str) -> Option<PathBuf> {
    let (_, path) = text.split_once('<')?;
    let path = path.strip_suffix("(deleted)").unwrap_or(path).strip_suffix('>')?;
    path.starts_with('/').then(|| PathBuf::from(path))
}

/// The bytes of a text as it is written down.
fn string(text: &str) -> Option<Vec<u8>> {
    let text = text.strip_prefix('"')?.strip_suffix('"').expect("a text that was cut proves nothing");
    let mut bytes = Vec::with_capacity(text.len() / 4);
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match (byte == b'\\').then(|| rest.next()).flatten() {
            None => byte,
            Some(b'x') => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'v') => 11,
            Some(b'f') => 12,
            Some(other @ (b'\\' | b'"')) => other,
            Some(other) => panic!("unknown escape {other}"),
        });
    }
    Some(bytes)
}

/// What is on a disk, and what of it would still be there without power.
#[derive(Default)]
pub(crate) struct Disk {
    files: Vec<File>,
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
}

#[derive(Default)]
struct File {
    is_dir: bool,
    bytes: Vec<u8>,
    durable: Vec<u8>,
}

/// What becomes of names that were not made durable.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Names {
    /// They are as they were made durable last.
    Lost,
    /// They are there, without what was not made durable of their bytes.
    Kept,
}

impl Disk {
    /// Takes a call in.
    pub(crate) fn apply(&mut self, call: &Call) {
        match call {
            Call::Open { path, made, emptied } => {
                if *made && !self.names.contains_key(path) {
                    self.add(path, false);
                }
                if let (true, Some(file)) = (*emptied, self.file(path)) {
                    file.bytes.clear();
                }
            }
            Call::MakeDir { path } => self.add(path, true),
            Call::Write { path, bytes, offset } => {
                let Some(file) = self.file(path) else { return };
                let (from, to) = (*offset as usize, *offset as usize + bytes.len());
                file.bytes.resize(file.bytes.len().max(to), 0);
                file.bytes[from..to].copy_from_slice(bytes);
            }
            Call::Resize { path, length } => {
                self.file(path).map(|file| file.bytes.resize(*length as usize, 0)).unwrap_or_default();
            }
            Call::Sync { path } => self.sync(path),
            Call::Remove { path } => _ = self.names.remove(path),
            Call::Rename { from, to } => {
                if let Some(file) = self.names.remove(from) {
                    self.names.insert(to.clone(), file);
                }
            }
            Call::Read | Call::WriteOut | Call::Answer => {}
        }
    }

    fn add(&mut self, path: &Path, is_dir: bool) {
        self.files.push(File { is_dir, ..File::default() });
        self.names.insert(path.to_owned(), self.files.len() - 1);
    }

    fn file(&mut self, path: &Path) -> Option<&mut File> {
        self.names.get(path).map(|file| &mut self.files[*file])
    }

    fn sync(&mut self, path: &Path) {
        if let Some(file) = self.file(path).filter(|file| !file.is_dir) {
            file.durable.clone_from(&file.bytes);
            return;
        }
        let inside = |name: &PathBuf| name.parent() == Some(path);
        self.durable_names.retain(|name, _| !inside(name));
        let now = self.names.iter().filter(|(name, _)| inside(name));
        self.durable_names.extend(now.map(|(name, file)| (name.clone(), *file)));
    }

    /// Lays out what would still be there: what was below one directory, below another.
    pub(crate) fn lay_out(&self, names: Names, from: &Path, to: &Path) {
        let names = match names {
            Names::Lost => &self.durable_names,
            Names::Kept => &self.names,
        };
        for (name, file) in names {
            let Ok(below) = name.strip_prefix(from) else { continue };
            let (file, target) = (&self.files[*file], to.join(below));
            // Without the name of its directory nothing is found.
            let found = target.parent().is_some_and(Path::exists);
            if found && file.is_dir {
                std::fs::create_dir(&target).unwrap();
                restrict(&target, 0o700);
            } else if found && !name.to_string_lossy().ends_with("-shm") {
                std::fs::write(&target, &file.durable).unwrap();
                restrict(&target, 0o600);
            }
        }
    }
}

fn restrict(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

//! Programs of a few hundred bytes for the samples: they say one line and end, or go on until they are asked to end.
//!
//! Each is a static ELF file, written instruction by instruction (ELF-64 object file format; the system call tables
//! of Linux for x86-64 and AArch64).

/// What a program does after its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// It ends.
    End,
    /// It writes its line into this file, too, and ends on SIGTERM or SIGINT.
    Serve(&'static str),
}

/// Where the file is in memory.
const BASE: u64 = 0x40_0000;
/// Of the ELF header and one program header.
const HEADERS: usize = 64 + 56;
/// SIGINT and SIGTERM, as the kernel has sets of signals.
const SIGNALS: [u8; 8] = [0x02, 0x40, 0, 0, 0, 0, 0, 0];
/// `O_WRONLY | O_CREAT`
const CREATE: u32 = 0x41;

/// A program for an architecture; nothing for one that is not known here.
pub(super) fn program(architecture: &str, line: &str, then: Then) -> Option<Vec<u8>> {
    let (machine, assemble) = match architecture {
        "amd64" => (0x3e, amd64 as Assemble),
        "arm64" => (0xb7, arm64 as Assemble),
        _ => return None,
    };
    // The data stands behind the code, whose length does not depend on where things are.
    let length = assemble(line, then, &[0; 3]).len();
    let path = match then {
        Then::End => "",
        Then::Serve(path) => path,
    };
    let text_at = HEADERS + length;
    let signals_at = (text_at + line.len()).next_multiple_of(8);
    let path_at = signals_at + SIGNALS.len();
    let mut file = headers(machine, path_at + path.len() + 1);
    file.extend(assemble(line, then, &[text_at, signals_at, path_at]));
    file.extend(line.as_bytes());
    file.resize(signals_at, 0);
    file.extend(SIGNALS);
    file.extend(path.as_bytes());
    file.push(0);
    Some(file)
}

/// Makes the code, given where the line, the signals and the path are in the file.
type Assemble = fn(&str, Then, &[usize; 3]) -> Vec<u8>;

fn headers(machine: u16, length: usize) -> Vec<u8> {
    let mut out = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    let entry = BASE + HEADERS as u64;
    out.extend([2_u16.to_le_bytes(), machine.to_le_bytes()].concat());
    out.extend(1_u32.to_le_bytes());
    for word in [entry, 64, 0] {
        out.extend(word.to_le_bytes());
    }
    out.extend(0_u32.to_le_bytes());
    for half in [64_u16, 56, 1, 0, 0, 0] {
        out.extend(half.to_le_bytes());
    }
    // One segment: all of it, to read and to execute.
    out.extend([1_u32.to_le_bytes(), 5_u32.to_le_bytes()].concat());
    for word in [0, BASE, BASE, length as u64, length as u64, 0x1000] {
        out.extend(word.to_le_bytes());
    }
    out
}

/// The system calls of a program, as numbers of x86-64 and AArch64.
struct Calls {
    write: u32,
    open: u32,
    exit: u32,
    block: u32,
    wait: u32,
}

fn amd64(line: &str, then: Then, at: &[usize; 3]) -> Vec<u8> {
    const CALLS: Calls = Calls { write: 1, open: 2, exit: 60, block: 14, wait: 128 };
    let &[text, signals, path] = at;
    let mut code = Vec::new();
    let number = |code: &mut Vec<u8>, register: &[u8], value: u32| {
        code.extend(register);
        code.extend(value.to_le_bytes());
    };
    let (eax, edi, esi, edx) = ([0xb8], [0xbf], [0xbe], [0xba]);
    let r10: [u8; 2] = [0x41, 0xba];
    // `lea register, [rip + distance]`: relative to the next instruction.
    let address = |code: &mut Vec<u8>, register: u8, target: usize| {
        let next = HEADERS + code.len() + 7;
        let distance = i32::try_from(target as i64 - next as i64).unwrap_or_default();
        code.extend([0x48, 0x8d, register]);
        code.extend(distance.to_le_bytes());
    };
    let (rdi, rsi) = (0x3d, 0x35);
    let call = |code: &mut Vec<u8>| code.extend([0x0f, 0x05]);
    let length = u32::try_from(line.len()).unwrap_or_default();
    let say = |code: &mut Vec<u8>| {
        number(code, &eax, CALLS.write);
        address(code, rsi, text);
        number(code, &edx, length);
        call(code);
    };
    number(&mut code, &edi, 1);
    say(&mut code);
    if let Then::Serve(_) = then {
        number(&mut code, &eax, CALLS.open);
        address(&mut code, rdi, path);
        number(&mut code, &esi, CREATE);
        number(&mut code, &edx, 0o644);
        call(&mut code);
        // `mov edi, eax`: the descriptor.
        code.extend([0x89, 0xc7]);
        say(&mut code);
        number(&mut code, &eax, CALLS.block);
        number(&mut code, &edi, 0);
        address(&mut code, rsi, signals);
        number(&mut code, &edx, 0);
        number(&mut code, &r10, 8);
        call(&mut code);
        number(&mut code, &eax, CALLS.wait);
        address(&mut code, rdi, signals);
        number(&mut code, &esi, 0);
        number(&mut code, &edx, 0);
        number(&mut code, &r10, 8);
        call(&mut code);
    }
    number(&mut code, &eax, CALLS.exit);
    number(&mut code, &edi, 0);
    call(&mut code);
    code
}

fn arm64(line: &str, then: Then, at: &[usize; 3]) -> Vec<u8> {
    // It has `openat` alone, which looks from the working folder when told -100.
    const CALLS: Calls = Calls { write: 64, open: 56, exit: 93, block: 135, wait: 137 };
    let &[text, signals, path] = at;
    let mut code: Vec<u8> = Vec::new();
    // `movz register, value`; values are below 65,536.
    let number = |code: &mut Vec<u8>, register: u32, value: u32| {
        code.extend((0xd280_0000 | (value << 5) | register).to_le_bytes());
    };
    // `adr register, distance`: relative to itself.
    let address = |code: &mut Vec<u8>, register: u32, target: usize| {
        let distance = target.wrapping_sub(HEADERS + code.len()) as u32 & 0x1f_ffff;
        let word = 0x1000_0000 | ((distance & 3) << 29) | ((distance >> 2) << 5) | register;
        code.extend(word.to_le_bytes());
    };
    let call = |code: &mut Vec<u8>, which: u32| {
        number(code, 8, which);
        code.extend(0xd400_0001_u32.to_le_bytes());
    };
    let length = u32::try_from(line.len()).unwrap_or_default();
    let say = |code: &mut Vec<u8>| {
        address(code, 1, text);
        number(code, 2, length);
        call(code, CALLS.write);
    };
    number(&mut code, 0, 1);
    say(&mut code);
    if let Then::Serve(_) = then {
        // `movn x0, #99`: -100.
        code.extend(0x9280_0c60_u32.to_le_bytes());
        address(&mut code, 1, path);
        number(&mut code, 2, CREATE);
        number(&mut code, 3, 0o644);
        call(&mut code, CALLS.open);
        say(&mut code);
        number(&mut code, 0, 0);
        address(&mut code, 1, signals);
        number(&mut code, 2, 0);
        number(&mut code, 3, 8);
        call(&mut code, CALLS.block);
        address(&mut code, 0, signals);
        number(&mut code, 1, 0);
        number(&mut code, 2, 0);
        number(&mut code, 3, 8);
        call(&mut code, CALLS.wait);
    }
    number(&mut code, 0, 0);
    call(&mut code, CALLS.exit);
    code
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_elf_files_for_their_machine() {
        for (architecture, machine) in [("amd64", 0x3e), ("arm64", 0xb7)] {
            let file = program(architecture, "hello\n", Then::Serve("/data/file")).unwrap();
            assert_eq!((&file[..4], file[18]), (&b"\x7fELF"[..], machine));
            let length = u64::from_le_bytes(file[64 + 32..64 + 40].try_into().unwrap());
            assert_eq!(length as usize, file.len());
        }
        assert_eq!(program("s390x", "hello\n", Then::End), None);
    }

    /// Run here where this machine can, or an emulator is installed.
    #[test]
    fn programs_say_their_line() {
        use std::os::unix::fs::PermissionsExt;
        let temporary = tempfile::tempdir().unwrap();
        let runners = [
            ("amd64", cfg!(target_arch = "x86_64"), ""),
            ("arm64", cfg!(target_arch = "aarch64"), "qemu-aarch64-static"),
        ];
        for (architecture, is_native, emulator) in runners {
            let path = temporary.path().join(architecture);
            std::fs::write(&path, program(architecture, "hello\n", Then::End).unwrap()).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
            let mut command = match (is_native, emulator) {
                (true, _) => std::process::Command::new(&path),
                (false, "") => continue,
                (false, emulator) => {
                    let mut command = std::process::Command::new(emulator);
                    command.arg(&path);
                    command
                }
            };
            let Ok(output) = command.output() else { continue };
            assert_eq!(
                (output.status.code(), &output.stdout[..]),
                (Some(0), &b"hello\n"[..]),
                "{architecture}"
            );
        }
    }
}

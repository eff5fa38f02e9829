//! Programs that really run: static ELF files of some 200 bytes (ELF-64 object file format; system call tables of
//! Linux for x86-64 and AArch64).

/// What a program does once it has said its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It ends with the status 0.
    Ends,
    /// It sleeps until a signal ends it.
    Sleeps,
}

/// Where a program is in memory.
const BASE: u64 = 0x40_0000;
/// Length of the ELF header and of its one program header.
const HEADERS: usize = 64 + 56;

/// A program that says `line`; nothing for an architecture other than `amd64` and `arm64`.
///
/// # Panics
/// When the line has more than 4,095 bytes.
pub fn program(architecture: &str, line: &str, then: Then) -> Option<Vec<u8>> {
    let length = u16::try_from(line.len()).expect("a line of a few bytes");
    assert!(length < 4096, "a line of a few bytes");
    let (machine, code) = match architecture {
        "amd64" => (0x3e, amd64(length, then)),
        "arm64" => (0xb7, arm64(length, then)),
        _ => return None,
    };
    let size = (HEADERS + code.len() + line.len()) as u64;
    let mut file = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0".to_vec();
    file.extend([machine, 0, 1, 0, 0, 0]);
    // Entry point, then where the program header is; no sections.
    file.extend([BASE + HEADERS as u64, 64, 0].map(u64::to_le_bytes).concat());
    file.extend(b"\0\0\0\0\x40\0\x38\0\x01\0\0\0\0\0\0\0");
    // One segment, to be loaded whole, readable and executable.
    file.extend(b"\x01\0\0\0\x05\0\0\0");
    file.extend([0, BASE, BASE, size, size, 0x1000].map(u64::to_le_bytes).concat());
    file.extend(code);
    file.extend(line.as_bytes());
    Some(file)
}

/// The line stands right behind the code, whatever that does last.
fn amd64(length: u16, then: Then) -> Vec<u8> {
    let last: &[u8] = match then {
        // exit(0)
        Then::Ends => &[0xb8, 60, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05],
        // pause(), then again
        Then::Sleeps => &[0xb8, 34, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf7],
    };
    let [low, high] = length.to_le_bytes();
    // `lea` counts from the next instruction: `mov edx` and `syscall` come before the last part.
    let distance = 7 + last.len() as u8;
    // write(1, line, length)
    let mut code = vec![0xb8, 1, 0, 0, 0, 0xbf, 1, 0, 0, 0];
    code.extend([0x48, 0x8d, 0x35, distance, 0, 0, 0]);
    code.extend([0xba, low, high, 0, 0, 0x0f, 0x05]);
    code.extend(last);
    code
}

fn arm64(length: u16, then: Then) -> Vec<u8> {
    let mov = |register: u32, value: u16| 0xd280_0000 | (u32::from(value) << 5) | register;
    const CALL: u32 = 0xd400_0001;
    let last: Vec<u32> = match then {
        // exit(0)
        Then::Ends => vec![mov(0, 0), mov(8, 93), CALL],
        // ppoll(nothing, for ever), then again
        Then::Sleeps => {
            vec![mov(0, 0), mov(1, 0), mov(2, 0), mov(3, 0), mov(4, 0), mov(8, 73), CALL, 0x17ff_fff9]
        }
    };
    // `adr` counts from itself: three instructions and the last part come before the line.
    let distance = 4 * (4 + last.len() as u32);
    let adr = 0x1000_0001 | ((distance >> 2) << 5);
    // write(1, line, length)
    let words = [mov(0, 1), adr, mov(2, length), mov(8, 64), CALL];
    words.into_iter().chain(last).flat_map(u32::to_le_bytes).collect()
}

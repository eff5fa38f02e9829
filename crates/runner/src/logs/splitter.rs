//! Bytes as they come, into entries.

/// As Docker splits: a longer line is several entries.
const ENTRY_BYTES_MAX: usize = 16 << 10;

/// Collects one stream's bytes until there is a line.
#[derive(Debug, Default)]
pub(crate) struct Splitter {
    pending: Vec<u8>,
}

impl Splitter {
    /// Takes bytes and gives every entry that they complete.
    pub(crate) fn push(&mut self, mut bytes: &[u8], mut entry: impl FnMut(&[u8])) {
        while !bytes.is_empty() {
            let room = ENTRY_BYTES_MAX - self.pending.len();
            let line = bytes.iter().take(room).position(|&byte| byte == b'\n').map(|at| at + 1);
            let (taken, rest) = bytes.split_at(line.unwrap_or(room.min(bytes.len())));
            bytes = rest;
            if line.is_none() && self.pending.len() + taken.len() < ENTRY_BYTES_MAX {
                self.pending.extend_from_slice(taken);
            } else if self.pending.is_empty() {
                entry(taken);
            } else {
                self.pending.extend_from_slice(taken);
                entry(&self.pending);
                self.pending.clear();
            }
        }
    }

    /// Gives what is left at the end.
    pub(crate) fn finish(&mut self, entry: impl FnOnce(&[u8])) {
        if !self.pending.is_empty() {
            entry(&self.pending);
            self.pending.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(chunks: &[&[u8]]) -> Vec<Vec<u8>> {
        let (mut splitter, mut entries) = (Splitter::default(), Vec::new());
        for chunk in chunks {
            splitter.push(chunk, |entry| entries.push(entry.to_vec()));
        }
        splitter.finish(|entry| entries.push(entry.to_vec()));
        entries
    }

    #[test]
    fn lines_are_entries_however_they_arrive() {
        let check = |chunks: &[&str], expect: &[&str]| {
            let chunks: Vec<&[u8]> = chunks.iter().map(|chunk| chunk.as_bytes()).collect();
            let expect: Vec<Vec<u8>> = expect.iter().map(|entry| entry.as_bytes().to_vec()).collect();
            assert_eq!(split(&chunks), expect);
        };
        check(&["a\nb\n"], &["a\n", "b\n"]);
        check(&["a", "b\nc"], &["ab\n", "c"]);
        check(&["\n\n"], &["\n", "\n"]);
        check(&[""], &[]);
    }

    #[test]
    fn a_long_line_is_several_entries() {
        let long = [vec![b'x'; ENTRY_BYTES_MAX + 3], vec![b'\n']].concat();
        let entries = split(&[&long[..100], &long[100..]]);
        assert_eq!(entries.iter().map(Vec::len).collect::<Vec<_>>(), [ENTRY_BYTES_MAX, 4]);
        assert_eq!(split(&[&vec![b'x'; ENTRY_BYTES_MAX]]).len(), 1);
    }
}

//! Transcripts of a shell: `$ ` before a command, `2> ` before a line of standard error, `[exit N]` after a
//! failure, `<no newline at end>` after output without one, `@ columns N` before a command that runs on a
//! terminal of that width, `# ` before a remark.

/// One command and what it is to answer.
pub(crate) struct Block {
    pub(crate) line: usize,
    pub(crate) columns: Option<usize>,
    pub(crate) command: String,
    pub(crate) args: Vec<String>,
    pub(crate) answer: String,
}

/// The blocks of a transcript.
pub(crate) fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut columns = None;
    for (index, line) in text.lines().enumerate() {
        if let Some(command) = line.strip_prefix("$ ") {
            let args = words(command).split_off(1);
            let (line, columns, command) = (index + 1, columns.take(), line.to_owned());
            blocks.push(Block { line, columns, command, args, answer: String::new() });
        } else if let Some(width) = line.strip_prefix("@ columns ") {
            columns = width.parse().ok();
        } else if let Some(block) = blocks.last_mut() {
            block.answer.push_str(line);
            block.answer.push('\n');
        }
    }
    blocks
}

/// An answer in the form of a transcript.
pub(crate) fn answer(ran: &super::Ran) -> String {
    let mut text = ran.out.clone();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push_str("<no newline at end>\n");
    }
    for line in ran.err.lines() {
        text.push_str(&format!("2> {line}\n"));
    }
    if ran.exit != 0 {
        text.push_str(&format!("[exit {}]\n", ran.exit));
    }
    text
}

/// The words of a command line with the shell's single and double quotes.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut mark = None;
    for c in line.chars() {
        match (mark, c) {
            (Some(m), _) if m == c => mark = None,
            (None, '\'' | '"') => {
                mark = Some(c);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

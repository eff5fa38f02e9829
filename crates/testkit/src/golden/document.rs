//! Markdown with console blocks, kept so that it can be written back unchanged.

use std::fmt;

/// A document: text, and blocks that are run.
pub(crate) struct Document {
    parts: Vec<Part>,
}

enum Part {
    /// Lines that are none of our business, fences of blocks included.
    Text(String),
    Block(Block),
}

/// A console block.
pub(crate) struct Block {
    /// Line of its fence, from 1.
    pub(crate) line: usize,
    /// What stands behind `console`.
    pub(crate) mark: String,
    /// Lines before the first command.
    preamble: Vec<String>,
    pub(crate) steps: Vec<Step>,
}

/// A command and what it should say.
pub(crate) struct Step {
    /// Line of the command, from 1.
    pub(crate) line: usize,
    /// The command as it stands, continuations included.
    source: Vec<String>,
    /// The lines below it.
    pub(crate) expected: Vec<String>,
}

impl Step {
    /// The command, continuations joined as a shell does.
    pub(crate) fn command(&self) -> String {
        let lines = self.source.iter().map(|line| line.get(2..).unwrap_or_default());
        lines.collect::<Vec<_>>().join("\n")
    }
}

impl Document {
    pub(crate) fn parse(text: &str) -> Document {
        let mut parts = Vec::new();
        let mut lines = text.lines().zip(1..).peekable();
        while let Some((line, number)) = lines.next() {
            parts.push(Part::Text(line.to_owned()));
            let Some(info) = line.strip_prefix("```") else { continue };
            let mut inside: Vec<(&str, usize)> = Vec::new();
            while let Some(inner) = lines.next_if(|(line, _)| *line != "```") {
                inside.push(inner);
            }
            match info.strip_prefix("console") {
                Some(mark) if mark.is_empty() || mark.starts_with(' ') => {
                    parts.push(Part::Block(Block::parse(number, mark.trim(), &inside)));
                }
                _ => parts.extend(inside.iter().map(|(line, _)| Part::Text((*line).to_owned()))),
            }
            parts.extend(lines.next().map(|(fence, _)| Part::Text(fence.to_owned())));
        }
        Document { parts }
    }

    pub(crate) fn blocks_mut(&mut self) -> impl Iterator<Item = &mut Block> {
        self.parts.iter_mut().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Block(block) => Some(block),
        })
    }
}

impl Block {
    fn parse(line: usize, mark: &str, lines: &[(&str, usize)]) -> Block {
        let mut block =
            Block { line, mark: mark.to_owned(), preamble: Vec::new(), steps: Vec::<Step>::new() };
        let mut continues = false;
        for (line, number) in lines {
            let text = (*line).to_owned();
            match block.steps.last_mut() {
                Some(step) if continues && line.starts_with("> ") => step.source.push(text),
                _ if line.starts_with("$ ") => {
                    block.steps.push(Step { line: *number, source: vec![text], expected: Vec::new() });
                }
                Some(step) => step.expected.push(text),
                None => block.preamble.push(text),
            }
            continues = line.ends_with('\\');
        }
        block
    }
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.parts {
            match part {
                Part::Text(line) => writeln!(f, "{line}")?,
                Part::Block(block) => {
                    let steps = block.steps.iter().flat_map(|step| step.source.iter().chain(&step.expected));
                    for line in block.preamble.iter().chain(steps) {
                        writeln!(f, "{line}")?;
                    }
                }
            }
        }
        Ok(())
    }
}

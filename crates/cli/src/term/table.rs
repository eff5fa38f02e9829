//! Columns that line up by themselves: elastic tabstops, as Go's tabwriter with Docker's settings.
//!
//! A cell ends at a tab. Cells that stand above each other in neighbouring lines form a column; a line
//! without a cell there ends the column. The text after a line's last tab belongs to no column and is not
//! padded, so an empty last cell leaves the padding before it at the end of the line.
use unicode_width::UnicodeWidthStr;

/// Narrowest column.
const COLUMN_MIN: usize = 10;
/// Blanks after a column's widest cell.
const PADDING: usize = 3;

/// Text with tabs and line breaks, on its way to becoming columns.
#[derive(Debug, Default)]
pub struct Table {
    text: String,
}

impl Table {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a row of cells that came through [`super::escape::cell`] or are ours.
    pub fn row<S: AsRef<str>>(&mut self, cells: &[S]) {
        for (index, cell) in cells.iter().enumerate() {
            if index > 0 {
                self.text.push('\t');
            }
            self.text.push_str(cell.as_ref());
        }
        self.text.push('\n');
    }

    /// Adds text that has its own tabs and line breaks, as a `table` template makes it.
    pub fn text(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// The text in columns.
    pub fn render(&self) -> String {
        let lines: Vec<Vec<&str>> = self.text.split('\n').map(|line| line.split('\t').collect()).collect();
        let widths = widths(&lines);
        let mut out = String::with_capacity(self.text.len() * 2);
        for (index, (cells, widths)) in lines.iter().zip(&widths).enumerate() {
            if index > 0 {
                out.push('\n');
            }
            for (cell, width) in cells.iter().zip(widths) {
                out.push_str(cell);
                out.extend(std::iter::repeat_n(' ', width - cell.width()));
            }
            out.push_str(cells.last().unwrap_or(&""));
        }
        out
    }
}

/// The width of every cell that ends in a tab, line by line.
fn widths(lines: &[Vec<&str>]) -> Vec<Vec<usize>> {
    let mut widths: Vec<Vec<usize>> = lines
        .iter()
        .map(|cells| cells[..cells.len() - 1].iter().map(|c| (c.width() + PADDING).max(COLUMN_MIN)).collect())
        .collect();
    let columns = widths.iter().map(Vec::len).max().unwrap_or(0);
    for column in 0..columns {
        for run in widths.chunk_by_mut(|above, below| above.len() > column && below.len() > column) {
            let widest = run.iter().filter_map(|w| w.get(column)).copied().max().unwrap_or(0);
            run.iter_mut().filter_map(|w| w.get_mut(column)).for_each(|w| *w = widest);
        }
    }
    widths
}

//! Columns that line up by themselves: elastic tabstops, as Go's tabwriter with Docker's settings.
//!
//! A cell ends at a tab. Cells that stand above each other in neighbouring lines form a column; a line
//! without a cell there ends the column. The text after a line's last tab belongs to no column and is not
//! padded, so an empty last cell leaves the padding before it at the end of the line.
use unicode_width::UnicodeWidthStr;

/// Narrowest column of listings.
const COLUMN_MIN: usize = 10;
/// Blanks after a column's widest cell.
const PADDING: usize = 3;

/// Text with tabs and line breaks, on its way to becoming columns.
#[derive(Debug)]
pub struct Table {
    text: String,
    column_min: usize,
}

impl Default for Table {
    fn default() -> Self {
        Self::with_column_min(COLUMN_MIN)
    }
}

impl Table {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Nothing yet; no column will be narrower than this.
    pub fn with_column_min(column_min: usize) -> Self {
        Self { text: String::new(), column_min }
    }

    /// Adds text that has its own tabs and line breaks, as a `table` template makes it.
    pub fn text(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// The text in columns.
    pub fn render(&self) -> String {
        let lines: Vec<Vec<&str>> = self.text.split('\n').map(|line| line.split('\t').collect()).collect();
        let widths = widths(&lines, self.column_min);
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
fn widths(lines: &[Vec<&str>], column_min: usize) -> Vec<Vec<usize>> {
    let mut widths: Vec<Vec<usize>> = lines
        .iter()
        .map(|cells| cells[..cells.len() - 1].iter().map(|c| (c.width() + PADDING).max(column_min)).collect())
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expect: &str) {
        let mut table = Table::new();
        table.text(text);
        assert_eq!(table.render(), expect, "{text:?}");
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        check(
            "REPOSITORY\tTAG\tIMAGE ID\tCREATED\tSIZE\n\
             redis\tlatest\tb0e7dc4060f0\t2 minutes ago\t2.37MB\n",
            "REPOSITORY   TAG       IMAGE ID       CREATED         SIZE\n\
             redis        latest    b0e7dc4060f0   2 minutes ago   2.37MB\n",
        );
    }

    #[test]
    fn the_last_column_is_not_padded() {
        check(
            "NAME\tSTARS\tOFFICIAL\nalpine\t9962\t[OK]\n",
            "NAME      STARS     OFFICIAL\nalpine    9962      [OK]\n",
        );
        check("grafana/alpine\t4\t\n", "grafana/alpine   4         \n");
        check("IMAGE ID\naaaaaaaaaaaa\n", "IMAGE ID\naaaaaaaaaaaa\n");
    }

    #[test]
    fn a_line_without_a_cell_ends_the_column() {
        let name = "a-name-that-is-rather-long";
        check(
            &format!("REPOSITORY\tx\nalpine\tlatest\tid\tx\n{name}\tx\nx\tlonger-than-ten\tid\tx\n"),
            "REPOSITORY                   x\n\
             alpine                       latest    id        x\n\
             a-name-that-is-rather-long   x\n\
             x                            longer-than-ten   id        x\n",
        );
        check("a\tb\n\na-much-wider-cell\tb\n", "a         b\n\na-much-wider-cell   b\n");
        check("IMAGE ID\t\tTAG\n--\tlatest\tq", "IMAGE ID             TAG\n--         latest    q");
    }

    #[test]
    fn wide_characters_count_twice() {
        check("日本語日本語\tb\tc\nx\tb\tc\n", "日本語日本語   b         c\nx              b         c\n");
    }

    proptest! {
        #[test]
        fn only_blanks_are_added(lines in prop::collection::vec("[a-z日]{0,12}(\t[a-z]{0,12}){0,4}", 0..8)) {
            let mut table = Table::new();
            table.text(&lines.join("\n"));
            let rendered = table.render();
            let dense = |text: &str| text.replace([' ', '\t'], "");
            prop_assert_eq!(dense(&rendered), dense(&lines.join("\n")));
        }
    }
}

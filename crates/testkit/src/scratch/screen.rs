//! What a terminal shows after some output: enough of one for progress displays.

/// What a terminal of this size shows, and has scrolled past, once it has received `output`: the lines
/// without blanks at their ends, and without empty lines below the last.
///
/// It knows carriage return, line feed, backspace, tab, and of the escape sequences those that move the
/// cursor, erase and colour; it forgets colours.
pub fn render(output: &str, columns: u16, rows: u16) -> Vec<String> {
    let mut screen = Screen {
        lines: vec![Vec::new()],
        row: 0,
        column: 0,
        columns: usize::from(columns).max(1),
        rows: usize::from(rows).max(1),
    };
    let mut characters = output.chars();
    while let Some(character) = characters.next() {
        if character == '\x1b' {
            screen.escape(&mut characters);
        } else {
            screen.receive(character);
        }
    }
    let text = |line: Vec<char>| line.into_iter().collect::<String>().trim_end().to_owned();
    let mut lines: Vec<String> = screen.lines.into_iter().map(text).collect();
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines
}

struct Screen {
    /// Everything ever shown; the screen is the last `rows` of it.
    lines: Vec<Vec<char>>,
    row: usize,
    column: usize,
    columns: usize,
    rows: usize,
}

impl Screen {
    fn receive(&mut self, character: char) {
        match character {
            '\r' => self.column = 0,
            '\n' => self.down_scrolling(),
            '\x08' => self.column = self.column.saturating_sub(1),
            '\t' => self.column = (self.column / 8 * 8 + 8).min(self.columns - 1),
            other if other.is_control() => {}
            other => self.put(other),
        }
    }

    fn put(&mut self, character: char) {
        if self.column == self.columns {
            self.column = 0;
            self.down_scrolling();
        }
        let line = &mut self.lines[self.row];
        if line.len() <= self.column {
            line.resize(self.column + 1, ' ');
        }
        line[self.column] = character;
        self.column += 1;
    }

    fn down_scrolling(&mut self) {
        self.row += 1;
        if self.row == self.lines.len() {
            self.lines.push(Vec::new());
        }
    }

    /// Takes in what follows an escape character.
    fn escape(&mut self, characters: &mut std::str::Chars<'_>) {
        if characters.next() != Some('[') {
            return;
        }
        let mut parameter = String::new();
        for character in characters {
            if ('@'..='~').contains(&character) {
                return self.control(character, &parameter);
            }
            parameter.push(character);
        }
    }

    fn control(&mut self, kind: char, parameter: &str) {
        let number: Option<usize> = parameter.split(';').next().and_then(|text| text.parse().ok());
        let count = number.unwrap_or(1).max(1);
        let top = self.lines.len().saturating_sub(self.rows);
        match kind {
            'A' => self.row = self.row.saturating_sub(count).max(top),
            'B' => self.row = (self.row + count).min(self.lines.len() - 1),
            'C' => self.column = (self.column + count).min(self.columns - 1),
            'D' => self.column = self.column.saturating_sub(count),
            'G' => self.column = (count - 1).min(self.columns - 1),
            'K' => self.erase_line(number.unwrap_or(0)),
            'J' => {
                self.erase_line(0);
                self.lines.truncate(self.row + 1);
            }
            _ => {}
        }
    }

    fn erase_line(&mut self, part: usize) {
        let line = &mut self.lines[self.row];
        match part {
            0 => line.truncate(self.column),
            1 => line.iter_mut().take(self.column + 1).for_each(|character| *character = ' '),
            _ => line.clear(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_what_a_terminal_would() {
        let check = |output: &str, expect: &[&str]| assert_eq!(render(output, 10, 3), expect, "{output:?}");
        check("", &[]);
        check("one\r\ntwo  \r\n", &["one", "two"]);
        check("abc\rX", &["Xbc"]);
        check("a\tb\x08c", &["a       c"]);
        check("0123456789abc", &["0123456789", "abc"]);
        check("0123456789\r\nabc", &["0123456789", "abc"]);
        check("\x1b[1;32mgreen\x1b[0m\x1b[?25l", &["green"]);
        check("abcdef\x1b[3D\x1b[Kx", &["abcx"]);
        check("abcdef\x1b[2K\rx", &["x"]);
        check("a\r\nb\r\nc\x1b[2A\x1b[GX\x1b[1BY", &["X", "bY", "c"]);
        check("a\r\nb\x1b[A\x1b[J", &["a"]);
        // What has scrolled away cannot be reached any more.
        check("1\r\n2\r\n3\r\n4\r\n5\x1b[9A\rX", &["1", "2", "X", "4", "5"]);
        check("unfinished \x1b[1", &["unfinished"]);
    }

    #[test]
    fn shows_a_progress_display_as_people_see_it() {
        let output = "latest: Pulling\r\n\r\n\x1b[1A\x1b[2K\ra: Waiting \r\x1b[1B\r\n\x1b[1A\x1b[2K\rb: Waiting \
                      \r\x1b[1B\x1b[2A\x1b[2K\ra: Pull complete \r\x1b[2BDone\r\n";
        assert_eq!(render(output, 80, 24), ["latest: Pulling", "a: Pull complete", "b: Waiting", "Done"]);
    }
}

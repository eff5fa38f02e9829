//! Images with their platforms below them: the view of `images --tree`.
use std::borrow::Cow;
use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

use super::ellipsis::ellipsis;

const WARNING: &str =
    "WARNING: This is an experimental feature. The output may change and shouldn't be depended on.";
/// Narrowest view; a narrower terminal breaks its lines.
const COLUMNS_MIN: usize = 20;
/// Columns that must be left for names, or a column and those after it are dropped.
const NAME_COLUMNS_MIN: usize = 12;
const SPACING: usize = 3;
const FIRST_TITLE: &str = "IMAGE";
const COLUMNS: [Column; 4] = [
    Column { title: "ID", width: 12, right: false },
    Column { title: "DISK USAGE", width: 10, right: true },
    Column { title: "CONTENT SIZE", width: 12, right: true },
    Column { title: "EXTRA", width: 5, right: false },
];

/// One image of the view.
#[derive(Debug, Clone, Default)]
pub struct Image {
    /// Its names, each on a line of its own; none for an image without a tag.
    pub names: Vec<String>,
    /// What stands beside the last name.
    pub details: Details,
    /// Its platforms.
    pub platforms: Vec<Platform>,
}

/// One platform of an image.
#[derive(Debug, Clone, Default)]
pub struct Platform {
    /// As in `linux/arm64/v8`.
    pub name: String,
    /// What stands beside it.
    pub details: Details,
    /// Its content is here.
    pub available: bool,
}

/// The columns beside a name.
#[derive(Debug, Clone, Default)]
pub struct Details {
    /// Short id.
    pub id: String,
    /// What it takes on disk.
    pub disk_usage: String,
    /// What its blobs take.
    pub content_size: String,
    /// A container uses it.
    pub in_use: bool,
}

struct Column {
    title: &'static str,
    width: usize,
    right: bool,
}

/// Draws the view for lines of `columns`, with colours or without.
pub fn render(images: &[Image], columns: usize, color: bool) -> String {
    let columns = columns.max(COLUMNS_MIN);
    let (shown, left) = fitting(columns);
    let name_width = left.min(widest_name(images));
    let mut view = View { shown, name_width, paint: Paint(color), out: String::new() };
    view.legend(columns);
    view.header();
    images.iter().for_each(|image| view.image(image));
    view.out
}

/// The columns that have room, and what is left for names.
fn fitting(columns: usize) -> (&'static [Column], usize) {
    let mut left = columns;
    for (index, column) in COLUMNS.iter().enumerate() {
        let needed = column.width + SPACING;
        if left < needed + NAME_COLUMNS_MIN {
            return (&COLUMNS[..index], left);
        }
        left -= needed;
    }
    (&COLUMNS, left)
}

fn widest_name(images: &[Image]) -> usize {
    let names = images.iter().flat_map(|i| &i.names).map(|name| name.width());
    let platforms = images.iter().flat_map(|i| &i.platforms).map(|p| p.name.width() + BRANCH.width());
    let untagged = images.iter().filter(|i| i.names.is_empty()).map(|_| UNTAGGED.len());
    names.chain(platforms).chain(untagged).max().unwrap_or(0).max(FIRST_TITLE.len())
}

const UNTAGGED: &str = "<untagged>";
const BRANCH: &str = "├─ ";
const LAST_BRANCH: &str = "└─ ";
const IN_USE: &str = "U";
/// The mark with room around it, for where it has a background.
const IN_USE_CHIP: &str = " U ";

const BOLD: &str = "\x1b[39m\x1b[1m";
const NORMAL: &str = "\x1b[39m";
const FAINT: &str = "\x1b[39m\x1b[2m";
const NAME: &str = "\x1b[34m\x1b[1m";
const CHIP: &str = "\x1b[38;5;0m\x1b[48;5;14m";
const YELLOW: &str = "\x1b[93m";
const END: &str = "\x1b[0m";

#[derive(Clone, Copy)]
struct Paint(bool);

impl Paint {
    fn apply<'a>(self, style: &str, text: &'a str) -> Cow<'a, str> {
        if self.0 { format!("{style}{text}{END}").into() } else { text.into() }
    }
}

struct View {
    shown: &'static [Column],
    name_width: usize,
    paint: Paint,
    out: String,
}

impl View {
    fn legend(&mut self, columns: usize) {
        let (legend, width) = if self.paint.0 {
            let info = format!("\x1b[1m\x1b[106m\x1b[30mi{END}{END} \x1b[96mInfo → {END}{END} ");
            (format!("{info}{CHIP}{IN_USE_CHIP}{END} In Use "), "i Info →   U  In Use ".width())
        } else {
            let legend = format!("Info -> {IN_USE_CHIP}In Use ");
            let width = legend.width();
            (legend, width)
        };
        let blanks = columns.saturating_sub(width);
        let _ = writeln!(self.out, "{}\n{:blanks$}{legend}\n", self.paint.apply(YELLOW, WARNING), "");
    }

    fn header(&mut self) {
        self.name(FIRST_TITLE, BOLD, true);
        for column in self.shown {
            let blanks = column.width - column.title.len();
            self.blanks(SPACING + if column.right { blanks } else { 0 });
            self.out.push_str(&self.paint.apply(BOLD, column.title));
            self.blanks(if column.right { 0 } else { blanks });
        }
        self.out.push('\n');
    }

    fn image(&mut self, image: &Image) {
        match image.names.split_last() {
            None => self.name(UNTAGGED, FAINT, true),
            Some((last, others)) => {
                for name in others {
                    self.name(name, NAME, false);
                    self.out.push('\n');
                }
                self.name(last, NAME, true);
            }
        }
        self.details(&image.details, NORMAL);
        for (index, platform) in image.platforms.iter().enumerate() {
            let branch = if index + 1 == image.platforms.len() { LAST_BRANCH } else { BRANCH };
            let style = if platform.available { NORMAL } else { FAINT };
            self.name(&format!("{branch}{}", platform.name), style, true);
            self.details(&platform.details, style);
        }
        self.out.push('\n');
    }

    fn name(&mut self, name: &str, style: &str, padded: bool) {
        let cut = ellipsis(name, self.name_width);
        self.out.push_str(&self.paint.apply(style, &cut));
        if padded {
            self.blanks(self.name_width.saturating_sub(cut.width()));
        }
    }

    fn details(&mut self, details: &Details, style: &str) {
        let texts = [&*details.id, &*details.disk_usage, &*details.content_size];
        for (index, column) in self.shown.iter().enumerate() {
            let (text, style) = match texts.get(index) {
                Some(text) => (*text, style),
                None if details.in_use && self.paint.0 => (IN_USE_CHIP, CHIP),
                None if details.in_use => (IN_USE, CHIP),
                None => ("", style),
            };
            let blanks = column.width.saturating_sub(text.width());
            self.blanks(SPACING + if column.right { blanks } else { 0 });
            if !text.is_empty() {
                self.out.push_str(&self.paint.apply(style, text));
            }
            self.blanks(if column.right { 0 } else { blanks });
        }
        self.out.push('\n');
    }

    fn blanks(&mut self, count: usize) {
        self.out.extend(std::iter::repeat_n(' ', count));
    }
}

#[cfg(test)]
mod tests;

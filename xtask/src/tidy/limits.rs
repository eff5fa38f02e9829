//! Each limit says why it is that number.

use crate::problem::Problem;
use crate::workspace::{File, Tree};

/// Constants named `*_MAX` without a doc comment.
pub(crate) fn check(tree: &Tree) -> Vec<Problem> {
    tree.rust().flat_map(undocumented).collect()
}

fn undocumented(file: &File) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut documented = false;
    for (number, line) in file.code() {
        let line = line.trim();
        if let Some(name) = limit(line)
            && !documented
        {
            problems.push(Problem::new(&file.path, number, format!("say why {name} is that number")));
        }
        // One comment may speak for several limits that stand together.
        let goes_on = line.starts_with("#[") || limit(line).is_some();
        documented = line.starts_with("///") || documented && goes_on;
    }
    problems
}

/// The limit that a line declares.
fn limit(line: &str) -> Option<&str> {
    let (visibility, declaration) = line.split_once("const ").unwrap_or(("-", ""));
    let name = declaration.split_once(':')?.0;
    let declares = visibility.is_empty() || visibility.starts_with("pub");
    (declares && name.ends_with("_MAX")).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_have_reasons() {
        let check_text = |text: &str, expect: &[usize]| {
            let found = check(&Tree::of(&[("crates/a/src/x.rs", text)]));
            assert_eq!(found.iter().map(|problem| problem.line).collect::<Vec<_>>(), expect, "{text}");
        };
        check_text("/// As deep as anyone nests.\nconst DEPTH_MAX: u8 = 8;\n", &[]);
        check_text("/// Why.\n#[cfg(x)]\npub(crate) const DEPTH_MAX: u8 = 8;\n", &[]);
        check_text("// Why.\nconst DEPTH_MAX: u8 = 8;\n", &[2]);
        check_text("/// Why both.\nconst A_MAX: u8 = 8;\nconst B_MAX: u8 = 8;\n", &[]);
        check_text("/// Why.\nconst A_MAX: u8 = 8;\n\n    pub const B_MAX: u8 = 8;\n", &[4]);
        check_text("/// Why.\nconst A: u8 = 8;\nconst B_MAX: u8 = 8;\n", &[3]);
        check_text("const DEPTH: u8 = 8;\nlet x = u64::MAX;\n", &[]);
    }
}

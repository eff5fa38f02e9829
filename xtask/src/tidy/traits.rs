//! Traits stay small enough to be implemented.

use crate::problem::Problem;
use crate::workspace::{File, Tree};

/// Methods of one trait: beyond a dozen it is several.
const METHODS_MAX: usize = 12;

/// Traits with more methods.
pub(crate) fn check(tree: &Tree) -> Vec<Problem> {
    tree.rust().flat_map(large_traits).collect()
}

fn large_traits(file: &File) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut open: Option<(usize, &str, usize)> = None;
    for (number, line) in file.code() {
        match &mut open {
            None => open = trait_name(line).map(|name| (number, name, 0)),
            // What stands at the margin again ends it, since the sources are formatted.
            Some((begins, name, methods)) if line.starts_with('}') => {
                if *methods > METHODS_MAX {
                    let text = format!("trait {name} has {methods} methods, and {METHODS_MAX} is the limit");
                    problems.push(Problem::new(&file.path, *begins, text));
                }
                open = None;
            }
            Some((.., methods)) if line.starts_with("    fn ") => *methods += 1,
            Some(_) => {}
        }
    }
    problems
}

fn trait_name(line: &str) -> Option<&str> {
    let (visibility, rest) = line.split_once("trait ")?;
    let declares = visibility.is_empty() || visibility.starts_with("pub");
    (declares && rest.ends_with('{')).then(|| rest.split([':', '<', ' ']).next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traits_have_a_dozen_methods_at_most() {
        let text = |methods| {
            format!("pub trait Driver: Send {{\n{}}}\nfn a() {{\n}}\n", "    fn a();\n".repeat(methods))
        };
        assert_eq!(check(&Tree::of(&[("crates/a/src/x.rs", &text(12))])), []);
        let found = check(&Tree::of(&[("crates/a/src/x.rs", &text(13))]));
        assert_eq!(found[0].text, "trait Driver has 13 methods, and 12 is the limit");
    }
}

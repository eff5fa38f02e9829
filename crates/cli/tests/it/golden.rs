//! Help and complaints, compared with what a Docker client answered to the same command lines.
use std::ffi::OsString;

use cli::Terminal;

use crate::strata;
use crate::transcript::{answer, blocks};

fn check(transcript: &str) {
    let blocks = blocks(transcript);
    assert!(blocks.len() > 5, "the transcript was not read");
    for block in blocks {
        let args: Vec<_> = block.args.iter().map(OsString::from).collect();
        let terminal = Terminal { input_columns: block.columns, ..Terminal::default() };
        let got = answer(&strata(&args, terminal));
        assert_eq!(got, block.answer, "line {}: strata {}", block.line, block.args.join(" "));
    }
}

#[test]
fn help_is_laid_out_as_dockers() {
    check(include_str!("../golden/help.txt"));
}

#[test]
fn help_wraps_where_dockers_does() {
    check(include_str!("../golden/help-widths.txt"));
}

#[test]
fn complaints_have_dockers_words_and_exit_codes() {
    check(include_str!("../golden/errors.txt"));
}

#[test]
fn requests_for_help_and_version_are_understood_wherever_they_stand() {
    check(include_str!("../golden/requests.txt"));
}

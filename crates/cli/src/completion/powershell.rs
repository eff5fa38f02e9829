//! The script for PowerShell.
use std::fmt::Write;

use super::table::{Entry, takes_value};

const DRIVER: &str = r#"
Register-ArgumentCompleter -Native -CommandName strata -ScriptBlock {
    param($current, $ast, $position)
    $trail = ''
    $skip = ''
    $elements = @($ast.CommandElements | Where-Object { $_.Extent.EndOffset -lt $position })
    foreach ($element in ($elements | Select-Object -Skip 1)) {
        $word = $element.ToString()
        $next = "$trail $word".Trim()
        if ($skip) { $skip = '' }
        elseif ($word.StartsWith('-')) {
            if ($strataTable[$trail].Valued -ccontains $word) { $skip = $word }
        }
        elseif ($strataTable.ContainsKey($next)) { $trail = $next }
    }
    $entry = $strataTable[$trail]
    $found = if ($skip) { $entry.Choices[$skip] }
    elseif ($current.StartsWith('-')) { $entry.Flags }
    elseif ($entry.Commands.Count) { $entry.Commands }
    elseif ($entry.Operand) { strata __complete $entry.Operand $current 2>$null | ForEach-Object { , @($_, $_) } }
    $found | Where-Object { $_ -and $_[0].StartsWith($current) } | ForEach-Object {
        [System.Management.Automation.CompletionResult]::new($_[0], $_[0], 'ParameterValue', $_[1])
    }
}
"#;

pub(super) fn script(entries: &[Entry], descriptions: bool) -> String {
    let mut out = String::from("# PowerShell completion for strata\n\n");
    out.push_str("$strataTable = [System.Collections.Hashtable]::new([StringComparer]::Ordinal)\n");
    for entry in entries {
        for path in &entry.paths {
            row(&mut out, entry, path, descriptions);
        }
    }
    out + DRIVER
}

fn row(out: &mut String, entry: &Entry, path: &str, descriptions: bool) {
    let pair = |word: &str, text: &str| {
        let text = text.lines().next().filter(|_| descriptions).unwrap_or(word);
        format!("@({}, {})", quoted(word), quoted(text))
    };
    let commands: Vec<_> = entry.commands.iter().map(|c| pair(c.name, c.short)).collect();
    let flags: Vec<_> = entry
        .flags
        .iter()
        .flat_map(|flag| entry.spellings(|f| f.long == flag.long).into_iter().map(|s| pair(&s, flag.usage)))
        .collect();
    let valued: Vec<_> = entry.spellings(takes_value).iter().map(|s| quoted(s)).collect();
    let choices: Vec<_> = entry
        .flags
        .iter()
        .filter(|flag| !flag.choices.is_empty())
        .map(|flag| {
            let choices: Vec<_> = flag.choices.iter().map(|c| pair(c, c)).collect();
            format!("'--{}' = {}", flag.long, list(&choices))
        })
        .collect();
    let operand = entry.operand.asked_as().unwrap_or_default();
    let _ = writeln!(
        out,
        "$strataTable[{}] = @{{ Commands = {}; Flags = {}; Valued = @({}); Choices = @{{ {} }}; Operand = '{operand}' }}",
        quoted(path),
        list(&commands),
        list(&flags),
        valued.join(", "),
        choices.join("; "),
    );
}

/// A list of pairs; the leading comma keeps PowerShell from flattening a list of one.
fn list(pairs: &[String]) -> String {
    match pairs {
        [one] => format!("@(, {one})"),
        _ => format!("@({})", pairs.join(", ")),
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

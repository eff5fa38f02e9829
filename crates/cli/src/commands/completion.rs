//! `strata completion`: scripts that teach a shell our commands.
use super::root;
use crate::completion::Shell;
use crate::flags::{Action, ArgRule, Command, Flag, Matches};
use crate::{Context, Outcome};

/// `strata completion`
pub(super) static COMPLETION: Command = Command {
    name: "completion",
    short: "Generate the autocompletion script for the specified shell",
    long: "Generate the autocompletion script for strata for the specified shell.
See each sub-command's help for details on how to use the generated script.",
    action: Action::Group(&[&BASH, &FISH, &POWERSHELL, &ZSH]),
    ..Command::USUAL
};

static FLAGS: &[Flag] = &[Flag::bool("no-descriptions", "disable completion descriptions")];

const SHELL: Command = Command { flags: FLAGS, rule: ArgRule::None, ..Command::USUAL };

static BASH: Command = Command {
    name: "bash",
    short: "Generate the autocompletion script for bash",
    long: "Generate the autocompletion script for the bash shell.

To load completions in your current shell session:

\tsource <(strata completion bash)

To load completions for every new session, execute once:

\tstrata completion bash > /etc/bash_completion.d/strata",
    action: Action::Run(|matches, context| print(Shell::Bash, matches, context)),
    ..SHELL
};

static FISH: Command = Command {
    name: "fish",
    short: "Generate the autocompletion script for fish",
    long: "Generate the autocompletion script for the fish shell.

To load completions in your current shell session:

\tstrata completion fish | source

To load completions for every new session, execute once:

\tstrata completion fish > ~/.config/fish/completions/strata.fish",
    action: Action::Run(|matches, context| print(Shell::Fish, matches, context)),
    ..SHELL
};

static POWERSHELL: Command = Command {
    name: "powershell",
    short: "Generate the autocompletion script for powershell",
    long: "Generate the autocompletion script for powershell.

To load completions in your current shell session:

\tstrata completion powershell | Out-String | Invoke-Expression",
    action: Action::Run(|matches, context| print(Shell::PowerShell, matches, context)),
    ..SHELL
};

static ZSH: Command = Command {
    name: "zsh",
    short: "Generate the autocompletion script for zsh",
    long: "Generate the autocompletion script for the zsh shell.

To load completions in your current shell session:

\tsource <(strata completion zsh)

To load completions for every new session, execute once:

\tstrata completion zsh > \"${fpath[1]}/_strata\"",
    action: Action::Run(|matches, context| print(Shell::Zsh, matches, context)),
    ..SHELL
};

fn print(shell: Shell, matches: &Matches, context: &mut Context) -> Outcome {
    context.ui.print(&shell.script(root(), !matches.bool("no-descriptions")));
    Ok(())
}

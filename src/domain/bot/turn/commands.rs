//! Commands that work in every state once a bot's settings turn them on: `/restart`, `/cancel`, `back` (market, 11).

/// A built-in command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    Restart,
    Cancel,
    Back,
}

/// The command that a text is, whatever its case; `/restart@name` counts as in groups.
pub(super) fn command(text: &str) -> Option<Command> {
    let text = text.trim().to_lowercase();
    match text.split('@').next().unwrap_or_default() {
        "/restart" => Some(Command::Restart),
        "/cancel" => Some(Command::Cancel),
        "back" | "/back" => Some(Command::Back),
        _ => None,
    }
}

impl Command {
    /// What is said when nothing else is.
    pub(super) fn said(self) -> &'static str {
        match self {
            Self::Restart => "Let us start again.",
            Self::Cancel => "Cancelled.",
            Self::Back => "One step back.",
        }
    }
}

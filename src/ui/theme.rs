//! Roles and their styles. A colour only repeats what a word or a sign says, so that every theme can do without any.

use ratatui::style::{Color, Modifier, Style};

use crate::app::ThemeName;

/// What a piece of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Usual text.
    Text,
    /// Of less weight.
    Dim,
    /// The heading of a list or a part.
    Heading,
    /// A badge in row 1.
    Badge,
    /// `[PROD]`.
    Production,
    /// Needs a person: BAD, FAILED, ERR.
    Bad,
    /// Worth a look: SMALL, HOT, part.
    Warn,
    /// Something that goes on: LIVE.
    Info,
    /// A key in the key bar.
    Key,
    /// What has the focus in a question.
    Focus,
    /// Bars of what is.
    Bar,
    /// Bars of what is predicted.
    Predicted,
}

/// The styles in force.
#[derive(Clone, Copy, Debug)]
pub struct Theme(pub ThemeName);

impl Theme {
    /// A role's style.
    pub fn style(self, role: Role) -> Style {
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        let reversed = bold.add_modifier(Modifier::REVERSED);
        match (role, self.0) {
            (Role::Text, _) => plain,
            (Role::Dim, ThemeName::HighContrast | ThemeName::Mono) => plain,
            (Role::Dim, _) => plain.fg(Color::DarkGray),
            (Role::Heading, ThemeName::Mono) => plain.add_modifier(Modifier::UNDERLINED),
            (Role::Heading, ThemeName::HighContrast) => bold.fg(Color::White),
            (Role::Heading, _) => plain.fg(Color::Cyan),
            (Role::Badge, _) => reversed,
            (Role::Production, ThemeName::Mono) => reversed,
            (Role::Production, ThemeName::Colourblind) => reversed.fg(Color::Yellow),
            (Role::Production, _) => reversed.fg(Color::Red),
            (Role::Bad, ThemeName::Mono) => bold,
            (Role::Bad, ThemeName::HighContrast) => bold.fg(Color::LightRed),
            (Role::Bad, ThemeName::Colourblind) => bold.fg(Color::Yellow),
            (Role::Bad, ThemeName::Default) => bold.fg(Color::Red),
            (Role::Warn, ThemeName::Mono) => plain,
            (Role::Warn, ThemeName::HighContrast) => bold.fg(Color::LightYellow),
            (Role::Warn, ThemeName::Colourblind) => plain.fg(Color::LightBlue),
            (Role::Warn, ThemeName::Default) => plain.fg(Color::Yellow),
            (Role::Info, ThemeName::Mono) => plain,
            (Role::Info, ThemeName::HighContrast) => bold.fg(Color::LightCyan),
            (Role::Info, ThemeName::Default | ThemeName::Colourblind) => plain.fg(Color::Blue),
            (Role::Key, ThemeName::Mono) => bold,
            (Role::Key, ThemeName::HighContrast) => bold.fg(Color::White),
            (Role::Key, _) => bold,
            (Role::Focus, _) => reversed,
            (Role::Bar, ThemeName::Mono | ThemeName::HighContrast) => plain,
            (Role::Bar, _) => plain.fg(Color::Cyan),
            (Role::Predicted, ThemeName::Mono | ThemeName::HighContrast) => plain,
            (Role::Predicted, _) => plain.fg(Color::LightBlue),
        }
    }
}

/// The role of a state's word.
pub fn role_of(state: &str) -> Role {
    let word = state.split_once(' ').map_or(state, |(word, _)| word);
    match word {
        "BAD" | "ERR" | "FAILED" | "NEEDS" | "MISSING" => Role::Bad,
        "SLOW" | "WARN" => Role::Warn,
        "SMALL" | "SKEW" | "HOT" | "part" | "IN" | "GIVEN" | "REFUSED" | "UNDONE" | "REWRITTEN" | "drifted" => {
            Role::Warn
        }
        "LIVE" | "PAUSED" => Role::Info,
        _ => Role::Text,
    }
}

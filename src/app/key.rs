//! A key as the console understands it, apart from any terminal library; how it is written and read.

use std::fmt;

/// One key press.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// A character, upper or lower case as typed.
    Char(char),
    /// A letter with Ctrl, in lower case.
    Ctrl(char),
    /// A function key.
    F(u8),
    /// Enter.
    Enter,
    /// Escape.
    Esc,
    /// Tab.
    Tab,
    /// Shift and Tab.
    BackTab,
    /// Backspace.
    Backspace,
    /// Delete.
    Delete,
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
}

const NAMES: &[(Key, &str)] = &[
    (Key::Char(' '), "Space"),
    (Key::Enter, "Enter"),
    (Key::Esc, "Esc"),
    (Key::Tab, "Tab"),
    (Key::BackTab, "Shift-Tab"),
    (Key::Backspace, "Backspace"),
    (Key::Delete, "Delete"),
    (Key::Up, "Up"),
    (Key::Down, "Down"),
    (Key::Left, "Left"),
    (Key::Right, "Right"),
    (Key::Home, "Home"),
    (Key::End, "End"),
    (Key::PageUp, "PgUp"),
    (Key::PageDown, "PgDn"),
];

impl Key {
    /// Reads a key as a configuration names it: `x`, `X`, `Space`, `Ctrl-u`, `F1`.
    pub fn parse(text: &str) -> Option<Key> {
        if let Some((key, _)) = NAMES.iter().find(|(_, name)| name.eq_ignore_ascii_case(text)) {
            return Some(*key);
        }
        if let Some(letter) = text.strip_prefix("Ctrl-").or_else(|| text.strip_prefix("ctrl-")) {
            return single(letter).filter(char::is_ascii_alphabetic).map(|c| Key::Ctrl(c.to_ascii_lowercase()));
        }
        if let Some(number) = text.strip_prefix(['F', 'f']).and_then(|number| number.parse().ok()) {
            return (1..=12).contains(&number).then_some(Key::F(number));
        }
        single(text).filter(|c| !c.is_control() && *c != ' ').map(Key::Char)
    }

    /// Whether it is an upper-case letter.
    pub fn is_upper(self) -> bool {
        matches!(self, Key::Char(c) if c.is_uppercase())
    }
}

fn single(text: &str) -> Option<char> {
    let mut chars = text.chars();
    chars.next().filter(|_| chars.next().is_none())
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((_, name)) = NAMES.iter().find(|(key, _)| key == self) {
            return formatter.pad(name);
        }
        match self {
            Key::Char(c) => formatter.pad(c.encode_utf8(&mut [0; 4])),
            Key::Ctrl(c) => formatter.pad(&format!("Ctrl-{c}")),
            Key::F(number) => formatter.pad(&format!("F{number}")),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_they_are_written() {
        for key in [Key::Char('x'), Key::Char('X'), Key::Char(' '), Key::Ctrl('u'), Key::F(1), Key::PageDown] {
            assert_eq!(Key::parse(&key.to_string()), Some(key));
        }
        assert_eq!(Key::parse("F"), Some(Key::Char('F')));
        assert_eq!(Key::parse("tab"), Some(Key::Tab));
        for wrong in ["", "xx", "F13", "Ctrl-", "Ctrl-1", "\u{1b}"] {
            assert_eq!(Key::parse(wrong), None, "{wrong:?}");
        }
    }
}

//! Roles and their styles. A colour only repeats what a word or a sign says, so that every theme can do without any.
//!
//! Whether the background is dark or light is not known: asking for it would be a query that some terminals never answer.
//! So text is the terminal's own colour, nothing is dimmed by a colour that is some theme's background, and the few
//! colours are those that can be read on both. Of the sixteen that is one; which of the 256, the tests compute.

use ratatui::style::{Color, Modifier, Style};

use crate::app::{Colours, ThemeName};

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
pub struct Theme(pub ThemeName, pub Colours);

/// Colours of the 256 that are neither too dark for black nor too light for white.
const GREY: Color = Color::Indexed(243);
const RED: Color = Color::Indexed(196);
const ORANGE: Color = Color::Indexed(166);
const AMBER: Color = Color::Indexed(136);
const TEAL: Color = Color::Indexed(30);
const BLUE: Color = Color::Indexed(33);

impl Theme {
    /// A role's style.
    pub fn style(self, role: Role) -> Style {
        match self.0 {
            ThemeName::Mono => mono(role),
            ThemeName::HighContrast => high_contrast(role),
            ThemeName::Default => default(role, self.1),
            ThemeName::Colourblind => colourblind(role, self.1),
        }
    }
}

const PLAIN: Style = Style::new();
const BOLD: Style = PLAIN.add_modifier(Modifier::BOLD);
const REVERSED: Style = BOLD.add_modifier(Modifier::REVERSED);

fn mono(role: Role) -> Style {
    match role {
        Role::Text | Role::Dim | Role::Warn | Role::Info | Role::Bar | Role::Predicted => PLAIN,
        Role::Heading => PLAIN.add_modifier(Modifier::UNDERLINED),
        Role::Bad | Role::Key => BOLD,
        Role::Badge | Role::Production | Role::Focus => REVERSED,
    }
}

/// As many differences as two colours allow.
fn high_contrast(role: Role) -> Style {
    match role {
        Role::Text | Role::Dim | Role::Bar | Role::Predicted => PLAIN,
        Role::Heading => BOLD.add_modifier(Modifier::UNDERLINED),
        Role::Warn | Role::Info | Role::Key => BOLD,
        Role::Bad | Role::Badge | Role::Production | Role::Focus => REVERSED,
    }
}

fn default(role: Role, colours: Colours) -> Style {
    let of = |sixteen: Style, many: Color| match colours {
        Colours::Sixteen => sixteen,
        Colours::Many => PLAIN.fg(many),
    };
    match role {
        Role::Text => PLAIN,
        Role::Dim => of(PLAIN, GREY),
        Role::Heading => of(BOLD, TEAL),
        Role::Bar => of(PLAIN, TEAL),
        Role::Badge | Role::Focus => REVERSED,
        Role::Production => of(PLAIN.fg(Color::LightRed), RED).patch(REVERSED),
        Role::Bad => of(PLAIN.fg(Color::LightRed), RED).patch(BOLD),
        Role::Warn => of(PLAIN.fg(Color::LightRed), AMBER),
        Role::Info => of(BOLD, BLUE),
        Role::Predicted => of(PLAIN, BLUE),
        Role::Key => BOLD,
    }
}

/// Orange and blue, which nobody confuses; of sixteen colours there is no orange, so what is bad is underlined.
fn colourblind(role: Role, colours: Colours) -> Style {
    let of = |sixteen: Style, many: Color| match colours {
        Colours::Sixteen => sixteen,
        Colours::Many => PLAIN.fg(many),
    };
    match role {
        Role::Production => of(PLAIN, ORANGE).patch(REVERSED),
        Role::Bad => of(PLAIN.add_modifier(Modifier::UNDERLINED), ORANGE).patch(BOLD),
        Role::Warn => of(BOLD, BLUE),
        Role::Heading => of(BOLD, GREY),
        Role::Bar => of(PLAIN, GREY),
        other => default(other, colours),
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What terminals come with: name, background, text, the sixteen colours.
    const TERMINALS: [(&str, u32, u32, [u32; 16]); 10] = [
        ("linux console", 0x000000, 0xaaaaaa, VGA),
        ("xterm, dark", 0x000000, 0xe5e5e5, XTERM),
        ("xterm, light", 0xffffff, 0x000000, XTERM),
        ("PuTTY", 0x000000, 0xbbbbbb, PUTTY),
        ("Windows Terminal", 0x0c0c0c, 0xcccccc, CAMPBELL),
        ("Windows Terminal, One Half Light", 0xfafafa, 0x383a42, ONE_HALF_LIGHT),
        ("GNOME, dark", 0x171421, 0xd0cfcc, GNOME),
        ("GNOME, light", 0xffffff, 0x171421, GNOME),
        ("Solarized, dark", 0x002b36, 0x839496, SOLARIZED),
        ("Solarized, light", 0xfdf6e3, 0x657b83, SOLARIZED),
    ];
    const VGA: [u32; 16] = [
        0x000000, 0xaa0000, 0x00aa00, 0xaa5500, 0x0000aa, 0xaa00aa, 0x00aaaa, 0xaaaaaa, 0x555555, 0xff5555, 0x55ff55,
        0xffff55, 0x5555ff, 0xff55ff, 0x55ffff, 0xffffff,
    ];
    const XTERM: [u32; 16] = [
        0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd, 0x00cdcd, 0xe5e5e5, 0x7f7f7f, 0xff0000, 0x00ff00,
        0xffff00, 0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff,
    ];
    const PUTTY: [u32; 16] = [
        0x000000, 0xbb0000, 0x00bb00, 0xbbbb00, 0x0000bb, 0xbb00bb, 0x00bbbb, 0xbbbbbb, 0x555555, 0xff5555, 0x55ff55,
        0xffff55, 0x5555ff, 0xff55ff, 0x55ffff, 0xffffff,
    ];
    const CAMPBELL: [u32; 16] = [
        0x0c0c0c, 0xc50f1f, 0x13a10e, 0xc19c00, 0x0037da, 0x881798, 0x3a96dd, 0xcccccc, 0x767676, 0xe74856, 0x16c60c,
        0xf9f1a5, 0x3b78ff, 0xb4009e, 0x61d6d6, 0xf2f2f2,
    ];
    const ONE_HALF_LIGHT: [u32; 16] = [
        0x383a42, 0xe45649, 0x50a14f, 0xc18301, 0x0184bc, 0xa626a4, 0x0997b3, 0xfafafa, 0x4f525d, 0xdf6c75, 0x98c379,
        0xe4c07a, 0x61afef, 0xc577dd, 0x56b5c1, 0xffffff,
    ];
    const GNOME: [u32; 16] = [
        0x171421, 0xc01c28, 0x26a269, 0xa2734c, 0x12488b, 0xa347ba, 0x2aa1b3, 0xd0cfcc, 0x5e5c64, 0xf66151, 0x33d17a,
        0xe9ad0c, 0x2a7bde, 0xc061cb, 0x33c7de, 0xffffff,
    ];
    const SOLARIZED: [u32; 16] = [
        0x073642, 0xdc322f, 0x859900, 0xb58900, 0x268bd2, 0xd33682, 0x2aa198, 0xeee8d5, 0x002b36, 0xcb4b16, 0x586e75,
        0x657b83, 0x839496, 0x6c71c4, 0x93a1a1, 0xfdf6e3,
    ];
    const ROLES: [Role; 12] = [
        Role::Text,
        Role::Dim,
        Role::Heading,
        Role::Badge,
        Role::Production,
        Role::Bad,
        Role::Warn,
        Role::Info,
        Role::Key,
        Role::Focus,
        Role::Bar,
        Role::Predicted,
    ];
    /// What WCAG asks of large text and of signs, and nearly what Solarized gives to any text: 4.1 on its light ground.
    const LEAST: f64 = 3.0;

    fn rgb(colour: Color, default: u32, sixteen: &[u32; 16]) -> u32 {
        let named = match colour {
            Color::Reset => return default,
            Color::Indexed(number @ 16..=231) => {
                let level = |step: u8| [0u32, 95, 135, 175, 215, 255][usize::from(step)];
                let number = number - 16;
                return level(number / 36) << 16 | level(number / 6 % 6) << 8 | level(number % 6);
            }
            Color::Indexed(number @ 232..) => return (u32::from(number - 232) * 10 + 8) * 0x01_01_01,
            Color::LightRed => 9,
            other => panic!("{other} is not looked at"),
        };
        sixteen[named]
    }

    fn luminance(rgb: u32) -> f64 {
        let part = |shift: u32| {
            let value = f64::from(rgb >> shift & 0xff) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(16) + 0.7152 * part(8) + 0.0722 * part(0)
    }

    fn contrast(one: u32, other: u32) -> f64 {
        let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
        one.max(other) / one.min(other)
    }

    #[test]
    fn every_style_of_every_theme_can_be_read_on_dark_and_on_light() {
        let mut wrong = Vec::new();
        for (terminal, ground, text, sixteen) in &TERMINALS {
            // No colour can be read better than the terminal's own text.
            let own = contrast(*text, *ground);
            for theme in [ThemeName::Default, ThemeName::HighContrast, ThemeName::Mono, ThemeName::Colourblind] {
                for (role, colours) in ROLES.iter().flat_map(|role| [(role, Colours::Sixteen), (role, Colours::Many)]) {
                    let style = Theme(theme, colours).style(*role);
                    let front = rgb(style.fg.unwrap_or(Color::Reset), *text, sixteen);
                    let back = rgb(style.bg.unwrap_or(Color::Reset), *ground, sixteen);
                    let least = if theme == ThemeName::HighContrast { own } else { LEAST };
                    let found = contrast(front, back);
                    if found < least {
                        wrong.push(format!("{terminal}: {role:?} of {theme:?} with {colours:?}: {found:.2}"));
                    }
                    assert!(!style.add_modifier.contains(Modifier::DIM), "dimmed is what each terminal makes of it");
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

//! What kind of terminal this is, by the environment alone: looked at once, at the edge.

use std::io::IsTerminal;

/// The set of glyphs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glyphs {
    /// Box drawing, eighth blocks, `·`, `…`.
    Unicode,
    /// `| - . .. # :`.
    Ascii,
}

/// What stands between us and the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Multiplexer {
    /// Nothing that needs care.
    None,
    /// tmux.
    Tmux,
    /// GNU screen.
    Screen,
}

/// What the command line and the configuration ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProbeFlags {
    /// Only ASCII.
    pub ascii: bool,
    /// No colours.
    pub no_color: bool,
}

/// What the environment says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// There is a terminal that the console can draw on.
    pub usable: bool,
    /// The glyphs to use.
    pub glyphs: Glyphs,
    /// Whether colours may be used.
    pub colours: bool,
    /// Whether there are 256 of them or more.
    pub many_colours: bool,
    /// What wraps the terminal.
    pub multiplexer: Multiplexer,
    /// Whether the terminal knows operating system commands: titles, the clipboard, notices.
    pub commands: bool,
}

impl Probe {
    /// Looks at this process.
    pub fn of_this_process(flags: ProbeFlags) -> Probe {
        let terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
        Probe::of(flags, terminal, |name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
    }

    /// Judges an environment.
    pub fn of(flags: ProbeFlags, terminal: bool, variable: impl Fn(&str) -> Option<String>) -> Probe {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let term = variable("TERM").unwrap_or_default();
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(variable).unwrap_or_default();
        let simple = term == "linux" || term.starts_with("vt");
        let multiplexer = match () {
            () if variable("TMUX").is_some() => Multiplexer::Tmux,
            () if variable("STY").is_some() => Multiplexer::Screen,
            () => Multiplexer::None,
        };
        Probe {
            usable: terminal && !term.is_empty() && term != "dumb",
            glyphs: if flags.ascii || simple || !unicode(&locale) { Glyphs::Ascii } else { Glyphs::Unicode },
            colours: !flags.no_color && variable("NO_COLOR").is_none() && !term.starts_with("vt"),
            many_colours: term.contains("256color") || term.contains("direct") || variable("COLORTERM").is_some(),
            multiplexer,
            commands: !simple,
        }
    }
}

/// Whether a locale shows our glyphs, each in one column.
fn unicode(locale: &str) -> bool {
    let locale = locale.to_ascii_lowercase();
    let wide = ["zh", "ja", "ko"].iter().any(|language| locale.starts_with(language));
    !wide && (locale.contains("utf-8") || locale.contains("utf8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn probe(variables: &[(&str, &str)]) -> Probe {
        let find = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Probe::of(ProbeFlags::default(), true, find)
    }

    #[test]
    fn an_ordinary_terminal_has_everything() {
        let found = probe(&[("TERM", "xterm-256color"), ("LANG", "en_GB.UTF-8"), ("NO_COLOR", "")]);
        assert!(found.usable && found.colours && found.commands);
        assert_eq!((found.glyphs, found.multiplexer), (Glyphs::Unicode, Multiplexer::None));
    }

    #[test]
    fn glyphs_follow_terminal_and_locale() {
        for (term, locale, glyphs) in [
            ("xterm", "C.utf8", Glyphs::Unicode),
            ("xterm", "ja_JP.UTF-8", Glyphs::Ascii),
            ("xterm", "C", Glyphs::Ascii),
            ("xterm", "de_DE.ISO-8859-1", Glyphs::Ascii),
            ("linux", "en_US.UTF-8", Glyphs::Ascii),
            ("vt220", "en_US.UTF-8", Glyphs::Ascii),
        ] {
            assert_eq!(probe(&[("TERM", term), ("LANG", locale)]).glyphs, glyphs, "{term} {locale}");
        }
        let overridden = probe(&[("TERM", "xterm"), ("LC_ALL", "ko_KR.UTF-8"), ("LANG", "en_US.UTF-8")]);
        assert_eq!(overridden.glyphs, Glyphs::Ascii);
        let asked = Probe::of(ProbeFlags { ascii: true, no_color: true }, true, |name| {
            Some(if name == "LANG" { "en_US.UTF-8" } else { "xterm" }.to_owned())
        });
        assert_eq!((asked.glyphs, asked.colours), (Glyphs::Ascii, false));
    }

    #[test]
    fn without_a_terminal_there_is_no_console() {
        assert!(!probe(&[]).usable);
        assert!(!probe(&[("TERM", "dumb")]).usable);
        assert!(!Probe::of(ProbeFlags::default(), false, |_| Some("xterm".to_owned())).usable);
    }

    #[test]
    fn no_color_and_multiplexers_are_seen() {
        let found = probe(&[("TERM", "screen"), ("NO_COLOR", "1"), ("STY", "1.x")]);
        assert_eq!((found.colours, found.multiplexer), (false, Multiplexer::Screen));
        let inside_both = probe(&[("TERM", "tmux-256color"), ("TMUX", "/x,1,0"), ("STY", "1.x")]);
        assert_eq!(inside_both.multiplexer, Multiplexer::Tmux);
    }
}

//! Text that came from the lake: made harmless, measured and cut by display width.

use std::borrow::Cow;

use unicode_width::UnicodeWidthStr;

/// The text without anything that could act on a terminal or hide what stands there: control characters, escape
/// sequences' first bytes, bidirectional marks and other invisible format characters become `\u{FFFD}`.
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.chars().any(is_harmful) {
        Cow::Owned(text.chars().map(|c| if is_harmful(c) { '\u{FFFD}' } else { c }).collect())
    } else {
        Cow::Borrowed(text)
    }
}

/// Whether a character could act on a terminal or hide what stands there.
pub fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E0FFF}')
}

/// The number of columns that a text takes.
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// Cuts a text in the middle with `ellipsis` so that it takes at most `columns`.
pub fn shorten_middle<'a>(text: &'a str, columns: usize, ellipsis: &str) -> Cow<'a, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let mark = width(ellipsis);
    if columns <= mark {
        return Cow::Owned(take_columns(ellipsis.chars(), columns).collect());
    }
    let room = columns - mark;
    let head: String = take_columns(text.chars(), room.div_ceil(2)).collect();
    let tail: Vec<char> = take_columns(text.chars().rev(), room / 2).collect();
    Cow::Owned(head + ellipsis + &tail.into_iter().rev().collect::<String>())
}

fn take_columns(chars: impl Iterator<Item = char>, columns: usize) -> impl Iterator<Item = char> {
    let mut used = 0;
    chars.take_while(move |c| {
        used += unicode_width::UnicodeWidthChar::width(*c).unwrap_or(0);
        used <= columns
    })
}

/// The text cut or padded with spaces to exactly `columns`.
pub fn fit(text: &str, columns: usize, ellipsis: &str) -> String {
    let cut = shorten_middle(text, columns, ellipsis);
    let missing = columns.saturating_sub(width(&cut));
    let mut fitted = cut.into_owned();
    fitted.extend(std::iter::repeat_n(' ', missing));
    fitted
}

/// A sentence whose paths give way to the rest of it where there is no room: they keep their last name, and of a long
/// one its ends. What a person does not know is the reason, which stands behind the path.
pub fn shorten_paths<'a>(text: &'a str, columns: usize, ellipsis: &str) -> Cow<'a, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let shorter = |word: &str| {
        let end = word.trim_end_matches([':', ';', ',', '.', ')']).len();
        let (path, rest) = word.split_at(end);
        match path.trim_end_matches('/').rsplit_once('/') {
            Some((above, name)) if above.contains('/') && !name.is_empty() => {
                format!("{ellipsis}/{}{rest}", shorten_middle(name, NAME_COLUMNS, ellipsis))
            }
            _ => word.to_owned(),
        }
    };
    Cow::Owned(text.split(' ').map(shorter).collect::<Vec<_>>().join(" "))
}

/// What the last name of a path keeps.
const NAME_COLUMNS: usize = 24;

/// Breaks a text at spaces.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let Some(line) = lines.last_mut() else { break };
        let used = width(line);
        if used > 0 && used + 1 + width(word) > columns {
            lines.push(word.to_owned());
        } else {
            if used > 0 {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmful_characters_are_replaced() {
        assert_eq!(clean("a\x1b[31mb\u{202e}c\n"), "a\u{FFFD}[31mb\u{FFFD}c\u{FFFD}");
        assert!(matches!(clean("dt=2026-11-19"), Cow::Borrowed(_)));
    }

    #[test]
    fn names_are_cut_in_the_middle_by_columns() {
        assert_eq!(shorten_middle("abcdefghij", 7, "…"), "abc…hij");
        assert_eq!(shorten_middle("表表表表表", 7, "…"), "表…表");
        assert_eq!(fit("ab", 4, "…"), "ab  ");
        assert_eq!(width(&fit("表表表表表", 8, "…")), 8);
        assert_eq!(shorten_middle("abc", 0, "…"), "");
    }

    #[test]
    fn the_reason_behind_a_path_stays_in_sight() {
        let text = "REFUSED: /lake/web.db/landing/part-00009-74805633-c244.parquet: its footer is torn; 3/4 done";
        assert_eq!(shorten_paths(text, 200, "…"), text);
        let short = "REFUSED: …/part-00009-7…244.parquet: its footer is torn; 3/4 done";
        assert_eq!(shorten_paths(text, 80, "…"), short);
        assert_eq!(shorten_paths("a / b // c", 3, "…"), "a / b // c");
    }
}

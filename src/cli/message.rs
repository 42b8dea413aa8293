//! Errors as a person reads them: what failed; `why`; `lake`, what has changed; `next`, something to paste. The code in
//! brackets is stable and stands in the document too.

use serde::Serialize;

use crate::error::{Code, Error, Exit};
use crate::model::{clean, width};

/// The width of a message, whatever the terminal: logs and mails show it as well.
const COLUMNS: usize = 80;
/// Where the text after a label begins.
const INDENT: usize = 10;

/// The document of an error.
#[derive(Debug, Serialize)]
pub struct ErrorDocument<'a> {
    format: &'static str,
    error: ErrorBody<'a>,
}

#[derive(Debug, Serialize)]
struct ErrorBody<'a> {
    code: Code,
    message: &'a str,
    why: Option<&'a str>,
    lake: Option<&'a str>,
    next: Option<&'a str>,
    exit_code: u8,
}

/// The document of an error.
pub fn document(error: &Error) -> ErrorDocument<'_> {
    ErrorDocument {
        format: "lakehand.error/1",
        error: ErrorBody {
            code: error.code(),
            message: error.message(),
            why: error.reason(),
            lake: error.lake_note(),
            next: error.next_step(),
            exit_code: error.exit().code(),
        },
    }
}

/// The message of an error.
pub fn text(error: &Error) -> String {
    let mut lines = headline(kind(error), error.message(), error.code());
    let notes = [("why", error.reason(), true), ("lake", error.lake_note(), true), ("next", error.next_step(), false)];
    for (label, text, wrapped) in notes {
        if let Some(text) = text {
            lines.push_str(&note(label, text, wrapped));
        }
    }
    lines
}

/// The same to be heard: a line each, nothing padded or broken.
pub fn sentences(error: &Error) -> String {
    let mut lines =
        format!("{}: {}, {}, exit code {}\n", kind(error), clean(error.message()), error.code(), error.exit().code());
    let notes = [("why", error.reason()), ("lake", error.lake_note()), ("next", error.next_step())];
    for (label, text) in notes {
        for line in text.into_iter().flat_map(str::lines) {
            lines.push_str(&format!("{label}: {}\n", clean(line.trim())));
        }
    }
    lines
}

fn kind(error: &Error) -> &'static str {
    match error.exit() {
        Exit::Refused => "refused",
        Exit::Interrupted => "interrupted",
        _ => "error",
    }
}

/// `error: what failed        [code, exit N]`, the bracket at the right where there is room, else on a line of its own.
fn headline(kind: &str, message: &str, code: Code) -> String {
    let bracket = format!("[{code}, exit {}]", code.exit().code());
    let lines = wrap(&format!("{kind}: {}", clean(message)), COLUMNS, 2);
    let last = lines.last().map_or(0, |line| width(line));
    let room = COLUMNS.saturating_sub(width(&bracket));
    let mut text = lines.join("\n");
    if last + 3 > room {
        text.push('\n');
        text.extend(std::iter::repeat_n(' ', room));
    } else {
        text.extend(std::iter::repeat_n(' ', room - last));
    }
    text.push_str(&bracket);
    text.push('\n');
    text
}

/// A labelled note. What is to be pasted is not wrapped.
pub fn note(label: &str, text: &str, wrapped: bool) -> String {
    let mut lines = String::new();
    for (index, part) in text.lines().enumerate() {
        let label = if index == 0 { label } else { "" };
        let part = format!("  {label:<8}{}", clean(part));
        let parts = if wrapped { wrap(&part, COLUMNS, INDENT) } else { vec![part] };
        for line in parts {
            lines.push_str(&line);
            lines.push('\n');
        }
    }
    lines
}

/// Breaks at spaces; lines after the first begin with `indent` spaces. A word that is too long stays whole.
fn wrap(text: &str, columns: usize, indent: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = text.trim_end().to_owned();
    while width(&rest) > columns {
        let begin = if lines.is_empty() { indent.min(rest.len()) } else { indent };
        let Some(cut) = break_at(&rest, columns, begin) else { break };
        let tail = rest[cut..].trim_start().to_owned();
        lines.push(rest[..cut].trim_end().to_owned());
        rest = format!("{}{tail}", " ".repeat(indent));
    }
    lines.push(rest);
    lines
}

/// The byte of the last space within `columns`, or else of the first one after; none before `begin`.
fn break_at(text: &str, columns: usize, begin: usize) -> Option<usize> {
    let mut best = None;
    for (at, _) in text.match_indices(' ').filter(|(at, _)| *at > begin && !text[*at..].trim_start().is_empty()) {
        if width(&text[..at]) <= columns {
            best = Some(at);
        } else {
            return best.or(Some(at));
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_its_parts_in_order_and_the_code_at_the_right() {
        let error = Error::new(Code::Quota, "space quota too small for sales.orders dt=2026-11-19")
            .why(
                "needs 7.4 GiB (2.2 x 3 replicas, 0.8 in open blocks), has 3.9 of 500; the quota is set on /lake/sales",
            )
            .next("lakehand cleanup --older-than 7d --dry-run");
        let expected = "\
refused: space quota too small for sales.orders dt=2026-11-19    [quota, exit 3]
  why     needs 7.4 GiB (2.2 x 3 replicas, 0.8 in open blocks), has 3.9 of 500;
          the quota is set on /lake/sales
  next    lakehand cleanup --older-than 7d --dry-run
";
        assert_eq!(text(&error), expected);
    }

    #[test]
    fn long_and_hostile_messages_stay_readable() {
        let error = Error::new(Code::Io, format!("x\x1b[31m {}", "word ".repeat(40))).why("/a/very/".repeat(30));
        let shown = text(&error);
        assert!(shown.starts_with("error: x\u{FFFD}[31m word"));
        assert!(shown.contains("[io, exit 1]\n") && !shown.contains('\x1b'));
        assert!(shown.lines().filter(|line| width(line) > COLUMNS).count() == 1, "{shown}");
    }

    #[test]
    fn the_document_holds_every_part() {
        let error = Error::new(Code::NoConfig, "nothing there").next("lakehand demo");
        let json = serde_json::to_value(document(&error)).unwrap();
        let expected = serde_json::json!({"format": "lakehand.error/1", "error": {"code": "no_config",
            "message": "nothing there", "why": null, "lake": null, "next": "lakehand demo", "exit_code": 2}});
        assert_eq!(json, expected);
    }
}

//! What is printed: results on standard output, everything else on standard error. Text is made harmless line by line
//! here, whatever it came from; a reader that went away (`| head`) ends the output and is no error.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

use super::arguments::Format;
use super::message;
use super::table::Table;
use crate::error::{Error, Result};
use crate::model::{clean, is_harmful};

/// Where results and messages go.
#[derive(Debug)]
pub struct Output {
    format: Format,
    plain: bool,
    closed: AtomicBool,
}

impl Output {
    /// Prints in this format.
    pub fn new(format: Format) -> Output {
        Output { format, plain: false, closed: AtomicBool::new(false) }
    }

    /// What is printed will be heard: sentences instead of columns.
    #[must_use]
    pub fn plainly(self, plain: bool) -> Output {
        Output { plain, ..self }
    }

    /// Whether what is printed will be heard.
    pub fn is_plain(&self) -> bool {
        self.plain
    }

    /// A table as it is shown here: columns, or sentences.
    pub fn table(&self, table: &Table) -> String {
        if self.plain { table.sentences() } else { table.text() }
    }

    /// An error as it is shown here.
    pub fn message(&self, error: &Error) -> String {
        if self.plain { message::sentences(error) } else { message::text(error) }
    }

    /// Whether results are documents.
    pub fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Prints lines of a result.
    pub fn text(&self, text: &str) -> Result<()> {
        self.write(&harmless_lines(text))
    }

    /// Prints a text of ours that another program reads, byte for byte.
    pub fn script(&self, text: &str) -> Result<()> {
        self.write(text)
    }

    /// Prints a document.
    /// It goes out as it is made: a document may describe a million partitions.
    pub fn document<T: Serialize>(&self, document: &T) -> Result<()> {
        if self.closed.load(Ordering::Relaxed) {
            return Ok(());
        }
        let mut stdout = io::BufWriter::with_capacity(64 << 10, io::stdout().lock());
        let written = match write_json(document, &mut stdout) {
            Ok(()) => stdout.flush(),
            Err(error) if error.is_io() => Err(error.into()),
            Err(error) => return Err(internal(error)),
        };
        self.written(written)
    }

    /// Prints the text or the document, as was asked.
    pub fn either<T: Serialize>(&self, document: &T, text: impl FnOnce() -> String) -> Result<()> {
        if self.is_json() { self.document(document) } else { self.text(&text()) }
    }

    /// Says something that is not the result. A closed standard error is nobody listening.
    pub fn say(&self, text: &str) {
        let _ = io::stderr().lock().write_all(harmless_lines(text).as_bytes());
    }

    /// Prints an error: a document on standard output, or a message on standard error.
    pub fn error(&self, error: &Error) {
        if self.is_json() {
            let _ = self.document(&message::document(error));
        } else {
            self.say(&self.message(error));
        }
    }

    fn write(&self, text: &str) -> Result<()> {
        if self.closed.load(Ordering::Relaxed) {
            return Ok(());
        }
        let mut stdout = io::stdout().lock();
        self.written(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()))
    }

    fn written(&self, written: io::Result<()>) -> Result<()> {
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed.store(true, Ordering::Relaxed);
                Ok(())
            }
            written => written.map_err(|error| Error::from(error).context("the result cannot be printed")),
        }
    }
}

/// The text with every line cleaned, ending with a line break.
fn harmless_lines(text: &str) -> String {
    let mut harmless = String::with_capacity(text.len() + 1);
    for line in text.lines() {
        harmless.push_str(&clean(line));
        harmless.push('\n');
    }
    harmless
}

/// Writes a document: exact for a program, and with escapes for what could act on a terminal.
fn write_json<T: Serialize>(document: &T, mut writer: impl Write) -> serde_json::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(&mut writer, HarmlessFormatter::default());
    document.serialize(&mut serializer)?;
    writer.write_all(b"\n").map_err(serde_json::Error::io)
}

fn internal(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(crate::error::Code::Internal, "the document cannot be written").source(error)
}

/// Pretty-prints, and writes control and invisible characters as `\uXXXX`.
#[derive(Default)]
struct HarmlessFormatter(serde_json::ser::PrettyFormatter<'static>);

impl serde_json::ser::Formatter for HarmlessFormatter {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(is_harmful) {
            writer.write_all(&rest.as_bytes()[..at])?;
            let mut tail = rest[at..].chars();
            let mut units = [0; 2];
            for unit in tail.next().unwrap_or_default().encode_utf16(&mut units) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = tail.as_str();
        }
        writer.write_all(rest.as_bytes())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_loses_what_could_act_on_a_terminal_and_keeps_its_lines() {
        assert_eq!(harmless_lines("a\x1b[2J\nb\u{202e}c"), "a\u{FFFD}[2J\nb\u{FFFD}c\n");
    }

    #[test]
    fn json_is_exact_and_harmless() {
        let name = "x\u{9b}31m\u{202e}\u{e0001}\x1b \"é\"\n";
        let mut bytes = Vec::new();
        write_json(&serde_json::json!({ "name": [name], "empty": [] }), &mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(!text.chars().any(|c| c != '\n' && is_harmful(c)), "{text:?}");
        let back: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(back["name"][0], name);
    }
}

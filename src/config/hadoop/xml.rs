//! The XML of site files: properties in order, and what is included.

use std::path::{Path, PathBuf};

use roxmltree::{Document, Node, ParsingOptions};

use crate::error::{Code, Error, Result};

/// How deep files may include each other.
const DEEPEST: usize = 16;
/// Site files are small; what is larger is something else.
const LARGEST: u64 = 16 << 20;

/// What a file and those that it includes say.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub files: Vec<PathBuf>,
    /// Name, value, `final`.
    pub properties: Vec<(String, String, bool)>,
}

/// Reads a site file.
pub(super) fn read(file: &Path) -> Result<Found> {
    let mut found = Found::default();
    read_into(file, DEEPEST, &mut found)?;
    Ok(found)
}

fn read_into(file: &Path, deeper: usize, found: &mut Found) -> Result<()> {
    let text = text_of(file)?;
    // Entities would let a file name any other; hdfs and hadoop do not need them.
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    let document = Document::parse_with_options(&text, options).map_err(|error| invalid(file, &error.to_string()))?;
    if document.root_element().tag_name().name() != "configuration" {
        return Err(invalid(file, "its root element is not <configuration>"));
    }
    found.files.push(file.to_owned());
    elements(document.root_element(), file, deeper, found)
}

fn text_of(file: &Path) -> Result<String> {
    let unreadable = |error: std::io::Error| {
        Error::new(Code::ConfigInvalid, format!("{} cannot be read", file.display())).source(error)
    };
    let length = std::fs::metadata(file).map_err(unreadable)?.len();
    if length > LARGEST {
        return Err(invalid(file, "it is larger than 16 MiB"));
    }
    std::fs::read_to_string(file).map_err(unreadable)
}

fn elements(parent: Node<'_, '_>, file: &Path, deeper: usize, found: &mut Found) -> Result<()> {
    for node in parent.children().filter(Node::is_element) {
        match node.tag_name().name() {
            "property" => found.properties.extend(property(node)),
            "configuration" => elements(node, file, deeper, found)?,
            "include" => include(node, file, deeper, found)?,
            _ => {}
        }
    }
    Ok(())
}

fn property(node: Node<'_, '_>) -> Option<(String, String, bool)> {
    let part = |name: &str| {
        let child = node.children().find(|child| child.tag_name().name() == name).map(content);
        child.or_else(|| node.attribute(name).map(str::to_owned))
    };
    let last = part("final").is_some_and(|text| text == "true");
    Some((part("name").filter(|name| !name.is_empty())?, part("value")?, last))
}

/// All text below a node: comments and CDATA part it.
fn content(node: Node<'_, '_>) -> String {
    let text: String = node.descendants().filter(Node::is_text).filter_map(|part| part.text()).collect();
    text.trim().to_owned()
}

fn include(node: Node<'_, '_>, file: &Path, deeper: usize, found: &mut Found) -> Result<()> {
    let Some(href) = node.attribute("href") else { return Err(invalid(file, "an include without href")) };
    let Some(deeper) = deeper.checked_sub(1) else { return Err(invalid(file, "its includes go in a circle")) };
    let path = match href.split_once("://") {
        Some(("file", path)) => path,
        Some(_) => return Err(invalid(file, &format!("it includes {href}; only files of this machine are read"))),
        None => href.strip_prefix("file:").unwrap_or(href),
    };
    let path = file.parent().unwrap_or(Path::new("/")).join(path);
    if path.exists() {
        return read_into(&path, deeper, found);
    }
    match node.children().find(|child| child.tag_name().name() == "fallback") {
        Some(fallback) => elements(fallback, file, deeper, found),
        None => Err(invalid(file, &format!("it includes {}, which is not there", path.display()))),
    }
}

fn invalid(file: &Path, why: &str) -> Error {
    Error::new(Code::ConfigInvalid, format!("{} is no Hadoop configuration", file.display())).why(why)
}

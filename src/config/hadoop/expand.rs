//! `${…}` in values, as Hadoop expands it: of the environment, of the user, of other properties. What is not known
//! stays as it is.

use super::Hadoop;
use crate::error::{Code, Error, Result};

/// How many may stand in each other; as in Hadoop.
const DEEPEST: usize = 20;

/// The value of a property.
pub(super) fn value(hadoop: &Hadoop, name: &str) -> Result<Option<String>> {
    match hadoop.properties.get(name) {
        Some(property) => expanded(hadoop, name, &property.value).map(Some),
        None => Ok(None),
    }
}

fn expanded(hadoop: &Hadoop, name: &str, raw: &str) -> Result<String> {
    let mut text = raw.to_owned();
    let mut from = 0;
    let mut replaced = 0;
    while let Some((start, end)) = innermost(&text, from) {
        match variable(hadoop, &text[start + 2..end]) {
            Some(value) => {
                replaced += 1;
                if replaced > DEEPEST {
                    return Err(Error::new(
                        Code::ConfigInvalid,
                        format!("the Hadoop property {name} cannot be expanded"),
                    )
                    .why(format!("{raw:?} leads to itself, or to more than {DEEPEST} others")));
                }
                text.replace_range(start..=end, &value);
                from = 0;
            }
            None => from = end + 1,
        }
    }
    Ok(text)
}

/// The first `${…}` from `from` that holds no other: its beginning and its closing brace.
fn innermost(text: &str, from: usize) -> Option<(usize, usize)> {
    let end = from + text[from..].find('}')?;
    match text[from..end].rfind("${") {
        Some(start) => Some((from + start, end)),
        None => innermost(text, end + 1),
    }
}

fn variable(hadoop: &Hadoop, name: &str) -> Option<String> {
    if let Some(rest) = name.strip_prefix("env.") {
        let (variable, otherwise) = match rest.split_once(":-") {
            Some((variable, otherwise)) => (variable, Some(otherwise)),
            None => rest.split_once('-').map_or((rest, None), |(variable, otherwise)| (variable, Some(otherwise))),
        };
        return hadoop.environment.get(variable).or(otherwise).map(str::to_owned);
    }
    let environment = |name: &str| hadoop.environment.get(name).map(str::to_owned);
    match name {
        "user.name" => environment("HADOOP_USER_NAME").or_else(|| environment("USER")),
        "user.home" => environment("HOME"),
        _ => hadoop.properties.get(name).map(|property| property.value.clone()),
    }
}

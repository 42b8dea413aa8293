//! What sets the file groups of a target apart, in words. The group that most files are in is the measure; the others
//! say how they differ from it.

use crate::model::{GroupFacts, schema_columns};

/// The most differences, and the most columns of one, that a label names.
const NAMED: usize = 3;
/// The longest value that a label shows.
const LONGEST: usize = 40;
/// Footer keys that describe the schema once more: where the schemas differ, they say nothing new.
const DESCRIBE_THE_SCHEMA: [&str; 4] = [
    "key-value org.apache.spark.sql.parquet.row.metadata",
    "key-value parquet.avro.schema",
    "key-value ARROW:schema",
    "key-value pandas",
];

/// A label for each group; empty where there is only one.
pub fn labels(groups: &[GroupFacts], files: &[u64]) -> Vec<String> {
    if groups.len() < 2 {
        return groups.iter().map(|_| String::new()).collect();
    }
    let count = |at: usize| files.get(at).copied().unwrap_or(0);
    let most = (0..groups.len()).rev().max_by_key(|at| count(*at)).unwrap_or(0);
    groups
        .iter()
        .enumerate()
        .map(|(at, group)| if at == most { "as most files".to_owned() } else { difference(group, &groups[most]) })
        .collect()
}

fn difference(group: &GroupFacts, most: &GroupFacts) -> String {
    let (mine, theirs) = (value(group, "schema"), value(most, "schema"));
    let mut differences = match (mine, theirs) {
        (Some(mine), Some(theirs)) if mine != theirs => schema_differences(mine, theirs),
        _ => Vec::new(),
    };
    let schemas_differ = !differences.is_empty();
    let says_nothing = |part: &str| part == "schema" || schemas_differ && DESCRIBE_THE_SCHEMA.contains(&part);
    for (part, here) in group.facts.iter().filter(|(part, _)| !says_nothing(part)) {
        match value(most, part) {
            Some(there) if there == here => {}
            Some(there) => differences.push(format!("{part} {} instead of {}", brief(here), brief(there))),
            None => differences.push(format!("has {part} {}", brief(here))),
        }
    }
    let missing = most.facts.iter().filter(|(part, _)| !says_nothing(part) && value(group, part).is_none());
    differences.extend(missing.map(|(part, _)| format!("lacks {part}")));
    if differences.is_empty() {
        return format!("differs (key {})", brief(&group.key));
    }
    some_of(&differences, "; ")
}

fn value<'a>(group: &'a GroupFacts, part: &str) -> Option<&'a str> {
    group.facts.iter().find(|(name, _)| name == part).map(|(_, value)| value.as_str())
}

/// The columns that only one of two schemas has, or has with another type.
fn schema_differences(schema: &str, most: &str) -> Vec<String> {
    let (mine, theirs) = (schema_columns(schema), schema_columns(most));
    let only = |here: &[(String, &str)], there: &[(String, &str)]| -> Vec<String> {
        here.iter()
            .filter(|(name, _)| !there.iter().any(|(other, _)| other == name))
            .map(|(name, _)| brief(name))
            .collect()
    };
    let mut differences = Vec::new();
    for (verb, names) in [("lacks", only(&theirs, &mine)), ("has also", only(&mine, &theirs))] {
        match names.as_slice() {
            [] => {}
            [name] => differences.push(format!("{verb} the column {name}")),
            names => differences.push(format!("{verb} the columns {}", some_of(names, ", "))),
        }
    }
    for (name, kind) in &mine {
        if let Some((_, other)) = theirs.iter().find(|(other, kind_there)| other == name && kind_there != kind) {
            differences.push(format!("{} is {kind} instead of {other}", brief(name)));
        }
    }
    match (differences.is_empty(), mine == theirs) {
        (true, true) => vec!["other logical types, nesting or field ids".to_owned()],
        (true, false) => vec!["columns in another order".to_owned()],
        (false, _) => differences,
    }
}

fn some_of(texts: &[String], separator: &str) -> String {
    let more = texts.len().saturating_sub(NAMED);
    let named = texts[..texts.len() - more].join(separator);
    if more == 0 { named } else { format!("{named}{separator}{more} more") }
}

/// A value short enough for a line.
fn brief(value: &str) -> String {
    if value.chars().count() <= LONGEST {
        return value.to_owned();
    }
    value.chars().take(LONGEST - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(key: &str, facts: &[(&str, &str)]) -> GroupFacts {
        GroupFacts {
            key: key.to_owned(),
            facts: facts.iter().map(|(part, value)| ((*part).to_owned(), (*value).to_owned())).collect(),
            created_by: None,
            losses: Vec::new(),
        }
    }

    #[test]
    fn a_single_group_needs_no_label() {
        assert_eq!(labels(&[group("a", &[("codec", "snappy")])], &[7]), [""]);
    }

    #[test]
    fn groups_say_how_they_differ_from_the_largest() {
        const METADATA: &str = "key-value org.apache.spark.sql.parquet.row.metadata";
        let before = [("schema", "01: id int64, name binary"), ("codec", "snappy"), (METADATA, "two")];
        let after =
            [("schema", "02: id int64, name binary, \"channel\" binary"), ("codec", "snappy"), (METADATA, "three")];
        let zipped = [("schema", "01: id int64, name binary"), ("codec", "gzip"), (METADATA, "two")];
        let all = [group("a", &before), group("b", &after), group("c", &zipped)];
        assert_eq!(
            labels(&all, &[5, 9, 1]),
            ["lacks the column channel", "as most files", "lacks the column channel; codec gzip instead of snappy"]
        );
        assert_eq!(labels(&all, &[9, 5, 1])[1], "has also the column channel");
        assert_eq!(labels(&all, &[9, 9, 9])[0], "as most files");
    }

    #[test]
    fn schemas_with_the_same_columns_differ_in_something_else() {
        let label = |one: &str, other: &str| {
            labels(&[group("a", &[("schema", one)]), group("b", &[("schema", other)])], &[2, 1])[1].clone()
        };
        assert_eq!(label("01: a int32, b int64", "02: b int64, a int32"), "columns in another order");
        assert_eq!(label("01: a int32, b int64", "02: a int64, b int64"), "a is int64 instead of int32");
        assert_eq!(label("01: a int32", "02: a int32"), "other logical types, nesting or field ids");
        assert_eq!(
            label("01: a int32", "02: a int32, b int32, c int32, d int32, e int32"),
            "has also the columns b, c, d, 1 more"
        );
    }

    #[test]
    fn a_key_that_no_fact_explains_is_named() {
        let all = [group("k1", &[("codec", "snappy")]), group("k2", &[("codec", "snappy")])];
        assert_eq!(labels(&all, &[2, 1])[1], "differs (key k2)");
    }
}

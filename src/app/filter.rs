//! The filter of a list: words that must all hold.
//!
//! `text` and `!text` look in the name, `~fuzzy` wants its letters in order, `re:^dt=2026-1[01]` is a regular expression
//! over it, `is:bad` the state, `db:sales` the database; `>100` counts files, `avg<1M size>=10G saves>1k work>5m age>2d`
//! compare other columns. What cannot be read as a comparison is text, and an expression that cannot be read hides
//! nothing: a filter never fails.

use std::borrow::Cow;

use regex::{Regex, RegexBuilder};

use crate::model::{Size, parse_duration, parse_size};

/// A column that has numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// Files.
    Files,
    /// Bytes.
    Bytes,
    /// Bytes by files.
    Average,
    /// Objects saved.
    Saves,
    /// Seconds of work.
    Work,
    /// Seconds since it was looked at, since its newest change, or since a run ended.
    Age,
}

/// Rows that can be filtered and ordered.
pub trait Source {
    /// The number of rows.
    fn len(&self) -> usize;
    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Whether a row is in this list at all.
    fn belongs(&self, _row: u32) -> bool {
        true
    }
    /// What text is looked for in.
    fn name(&self, row: u32) -> Cow<'_, str>;
    /// The database, where rows have one.
    fn database(&self, _row: u32) -> Cow<'_, str> {
        Cow::Borrowed("")
    }
    /// The state's word.
    fn state(&self, _row: u32) -> Cow<'_, str> {
        Cow::Borrowed("")
    }
    /// A number; none where it is unknown.
    fn number(&self, _row: u32, _field: Field) -> Option<u64> {
        None
    }
    /// How soon a person should see a row: the least first.
    fn urgency(&self, _row: u32) -> u64 {
        0
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Term {
    Text(String),
    Not(String),
    Fuzzy(String),
    Is(String),
    Database(String),
    Number(Field, Comparison, u64),
    Pattern(Pattern),
}

/// A regular expression whatever the case, or why it is none.
#[derive(Clone, Debug)]
struct Pattern(Result<Regex, String>);

/// What an expression may need, in bytes: a filter is typed by hand.
const PATTERN_LIMIT: usize = 1 << 20;

impl Pattern {
    fn parse(text: &str) -> Pattern {
        let built = RegexBuilder::new(text).case_insensitive(true).size_limit(PATTERN_LIMIT).build();
        Pattern(built.map_err(|error| match error {
            // The last line says what is wrong; those before it point at the place.
            regex::Error::Syntax(why) => {
                why.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
            }
            _ => "it is too large".to_owned(),
        }))
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Pattern) -> bool {
        match (&self.0, &other.0) {
            (Ok(one), Ok(other)) => one.as_str() == other.as_str(),
            (one, other) => one.is_err() && other.is_err(),
        }
    }
}

impl Eq for Pattern {}

/// A filter; the empty one lets everything pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    text: String,
    terms: Vec<Term>,
}

impl Filter {
    /// Reads a filter.
    pub fn parse(text: &str) -> Filter {
        Filter { text: text.to_owned(), terms: text.split_whitespace().filter_map(parse_term).collect() }
    }

    /// As it was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether everything passes.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Why an expression in it hides nothing: it cannot be read.
    pub fn trouble(&self) -> Option<&str> {
        self.terms.iter().find_map(|term| match term {
            Term::Pattern(Pattern(Err(why))) => Some(why.as_str()),
            _ => None,
        })
    }

    /// Whether a row passes.
    pub fn passes(&self, source: &dyn Source, row: u32) -> bool {
        self.terms.iter().all(|term| match term {
            Term::Text(text) => contains(&source.name(row), text),
            Term::Not(text) => !contains(&source.name(row), text),
            Term::Fuzzy(text) => fuzzy(&source.name(row), text),
            Term::Pattern(Pattern(Ok(pattern))) => pattern.is_match(&source.name(row)),
            Term::Pattern(Pattern(Err(_))) => true,
            Term::Is(text) => starts_with(&source.state(row), text),
            Term::Database(text) => contains(&source.database(row), text),
            Term::Number(field, comparison, value) => {
                source.number(row, *field).is_some_and(|number| comparison.holds(number, *value))
            }
        })
    }
}

impl Comparison {
    fn holds(self, left: u64, right: u64) -> bool {
        match self {
            Comparison::Less => left < right,
            Comparison::LessOrEqual => left <= right,
            Comparison::Greater => left > right,
            Comparison::GreaterOrEqual => left >= right,
            Comparison::Equal => left == right,
        }
    }
}

fn parse_term(word: &str) -> Option<Term> {
    if let Some(number) = parse_number_term(word) {
        return Some(number);
    }
    if let Some(pattern) = word.strip_prefix("re:") {
        return (!pattern.is_empty()).then(|| Term::Pattern(Pattern::parse(pattern)));
    }
    let lower = word.to_lowercase();
    let rest = |prefix: &str| lower.strip_prefix(prefix).map(str::to_owned);
    let term = if let Some(text) = rest("is:") {
        Term::Is(text)
    } else if let Some(text) = rest("db:") {
        Term::Database(text)
    } else if let Some(text) = rest("!") {
        Term::Not(text)
    } else if let Some(text) = rest("~") {
        Term::Fuzzy(text)
    } else {
        Term::Text(lower)
    };
    let (Term::Text(text) | Term::Not(text) | Term::Fuzzy(text) | Term::Is(text) | Term::Database(text)) = &term else {
        return Some(term);
    };
    (!text.is_empty()).then_some(term)
}

const COMPARISONS: [(&str, Comparison); 5] = [
    ("<=", Comparison::LessOrEqual),
    (">=", Comparison::GreaterOrEqual),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
    ("=", Comparison::Equal),
];

const FIELDS: [(&str, Field); 9] = [
    ("", Field::Files),
    ("files", Field::Files),
    ("size", Field::Bytes),
    ("bytes", Field::Bytes),
    ("avg", Field::Average),
    ("average", Field::Average),
    ("saves", Field::Saves),
    ("work", Field::Work),
    ("age", Field::Age),
];

fn parse_number_term(word: &str) -> Option<Term> {
    let at = word.find(['<', '>', '='])?;
    let (name, rest) = word.split_at(at);
    let (sign, comparison) = COMPARISONS.into_iter().find(|(sign, _)| rest.starts_with(sign))?;
    let value = &rest[sign.len()..];
    let (_, field) = FIELDS.into_iter().find(|(known, _)| *known == name)?;
    if field == Field::Files && name.is_empty() && comparison == Comparison::Equal {
        return None;
    }
    parse_value(field, value).map(|value| Term::Number(field, comparison, value))
}

fn parse_value(field: Field, text: &str) -> Option<u64> {
    match field {
        Field::Bytes | Field::Average => parse_size(text, Size(1)).ok().map(|size| size.0),
        Field::Work | Field::Age => parse_duration(text).ok().map(|duration| duration.as_secs()),
        Field::Files | Field::Saves => parse_count(text),
    }
}

/// `1200`, `1,200`, `12k`, `1.5M`.
fn parse_count(text: &str) -> Option<u64> {
    let text = text.replace(',', "");
    let (number, factor) = match text.chars().last()? {
        'k' | 'K' => (&text[..text.len() - 1], 1e3),
        'm' | 'M' => (&text[..text.len() - 1], 1e6),
        'g' | 'G' => (&text[..text.len() - 1], 1e9),
        _ => (text.as_str(), 1.0),
    };
    let plain = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let value: f64 = number.parse().ok().filter(|_| plain)?;
    Some((value * factor) as u64)
}

/// Whether `text`, in lower case, is in `name` whatever its case.
pub fn contains(name: &str, text: &str) -> bool {
    if name.is_ascii() && text.is_ascii() {
        let (name, text) = (name.as_bytes(), text.as_bytes());
        return name.windows(text.len()).any(|window| window.eq_ignore_ascii_case(text));
    }
    name.to_lowercase().contains(text)
}

/// Whether the characters of `text`, in lower case, are in `name` in this order.
pub fn fuzzy(name: &str, text: &str) -> bool {
    let mut letters = name.chars().flat_map(char::to_lowercase);
    text.chars().all(|wanted| letters.any(|letter| letter == wanted))
}

fn starts_with(state: &str, text: &str) -> bool {
    let plain: String = state.to_lowercase().split_whitespace().collect();
    plain.starts_with(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    struct One;

    impl Source for One {
        fn len(&self) -> usize {
            1
        }
        fn name(&self, _: u32) -> Cow<'_, str> {
            Cow::Borrowed("Sales.Orders")
        }
        fn database(&self, _: u32) -> Cow<'_, str> {
            Cow::Borrowed("sales")
        }
        fn state(&self, _: u32) -> Cow<'_, str> {
            Cow::Borrowed("NEEDS YOU")
        }
        fn number(&self, _: u32, field: Field) -> Option<u64> {
            match field {
                Field::Files => Some(100),
                Field::Average => Some(1 << 20),
                Field::Work => Some(90),
                _ => None,
            }
        }
    }

    fn passes(text: &str) -> bool {
        Filter::parse(text).passes(&One, 0)
    }

    #[test]
    fn every_term_must_hold() {
        for yes in [
            "",
            "order",
            "ORD",
            "!refund",
            "~slor",
            "is:needs",
            "db:sal",
            ">99",
            "files=100",
            "avg<=1M",
            "work>1m",
            "re:^sa.*s$",
            "re:(",
        ] {
            assert!(passes(yes), "{yes}");
        }
        for no in [
            "refund",
            "!orders",
            "~zz",
            "is:bad",
            "db:web",
            ">100",
            "avg<1M",
            "saves>1",
            "order !sales",
            "work>2m",
            "re:^orders",
        ] {
            assert!(!passes(no), "{no}");
        }
    }

    #[test]
    fn what_is_no_comparison_is_text() {
        assert_eq!(Filter::parse("dt=2026-11-19").terms, [Term::Text("dt=2026-11-19".to_owned())]);
        assert_eq!(Filter::parse(">many").terms, [Term::Text(">many".to_owned())]);
        assert_eq!(Filter::parse("! ~ is: re:").terms, []);
        assert_eq!(Filter::parse("re:a(b").trouble(), Some("unclosed group"));
        assert_eq!(Filter::parse("re:(a{900}){900}").trouble(), Some("it is too large"));
        assert_eq!(Filter::parse("re:a(b)").trouble(), None);
    }

    proptest! {
        #[test]
        fn any_text_is_a_filter(text in ".*") {
            let _ = passes(&text);
            let _ = passes(&format!("re:{text}"));
        }

        #[test]
        fn a_term_and_its_negation_part_the_rows(text in "[a-z.]{1,6}") {
            prop_assert_ne!(passes(&text), passes(&format!("!{text}")));
        }

        #[test]
        fn a_longer_filter_passes_no_more(first in "[a-z~!>0-9]{0,4}", second in "[a-z~!>0-9]{0,4}") {
            let longer = format!("{first} {second}");
            prop_assert!(!passes(&longer) || passes(&first));
        }
    }
}

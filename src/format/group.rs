//! Which files may be merged: those that a reader cannot tell apart but by their rows. Whatever changes how values are
//! read is part of the key; what is not understood is too.

use std::fmt::Write;

use parquet::basic::{Compression, ConvertedType, LogicalType, TimeUnit, Type};
use parquet::file::metadata::{FileMetaData, KeyValue};
use parquet::schema::types::ColumnDescriptor;
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use super::footer::{Footer, has_version_2};

/// Footer keys that say nothing about how values are read and may differ from file to file. Where they do, the output
/// does without them.
const HARMLESS_KEYS: [&str; 2] = ["lakehand.version", "parquet.proto.descriptor"];

/// Characters of a fact that are shown.
const SHOWN: usize = 160;

/// Of the schema as good as all is told: a plan names the columns in which two groups differ.
const SHOWN_OF_SCHEMA: usize = 64 << 10;

/// The key, and what of it a merge needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub key: String,
    /// Data pages of version 2.
    pub version_2: bool,
}

/// Whether a footer key may differ inside a group.
pub(super) fn is_harmless(key: &str) -> bool {
    HARMLESS_KEYS.contains(&key)
}

/// The group of a file. `version_2` tells the version of its first data page, for footers that do not.
pub(super) fn of(footer: &Footer, version_2: Option<bool>) -> Group {
    let file = footer.metadata.file_metadata();
    let version_2 = all_version_2(footer).or(version_2).unwrap_or(false);
    let codecs = codecs(footer);
    let created_by = created_by_class(file.created_by());
    let pages = if version_2 { "v2" } else { "v1" };
    let mut hash = Xxh3::new();
    add(&mut hash, &footer.schema);
    add(&mut hash, created_by.as_bytes());
    codecs.iter().for_each(|codec| add(&mut hash, codec.as_bytes()));
    add(&mut hash, pages.as_bytes());
    let pairs = deciding_pairs(file);
    for (key, value) in &pairs {
        add(&mut hash, key.as_bytes());
        add(&mut hash, value.map_or(b"\0none", str::as_bytes));
    }
    Group { key: format!("{:032x}", hash.digest128()), version_2 }
}

/// What the key of a file is made of, for a person.
pub(super) fn facts(footer: &Footer, group: &Group) -> Vec<(String, String)> {
    let file = footer.metadata.file_metadata();
    let pages = if group.version_2 { "v2" } else { "v1" };
    let mut facts = vec![
        ("schema".to_owned(), schema_text(footer)),
        ("created_by".to_owned(), created_by_class(file.created_by())),
        ("codec".to_owned(), codec_text(footer, &codecs(footer))),
        ("pages".to_owned(), pages.to_owned()),
    ];
    facts.extend(
        deciding_pairs(file).iter().map(|(key, value)| (format!("key-value {key}"), shown(value.unwrap_or_default()))),
    );
    facts
}

/// Parts are hashed with their lengths, so that no two sequences of parts look alike.
fn add(hash: &mut Xxh3, part: &[u8]) {
    hash.update(&(part.len() as u64).to_le_bytes());
    hash.update(part);
}

/// The key-values that decide, in the order of their keys.
fn deciding_pairs(file: &FileMetaData) -> Vec<(&str, Option<&str>)> {
    let all = file.key_value_metadata().map(Vec::as_slice).unwrap_or_default();
    let mut pairs: Vec<_> = all
        .iter()
        .filter(|pair| !is_harmless(&pair.key))
        .map(|KeyValue { key, value }| (key.as_str(), value.as_deref()))
        .collect();
    pairs.sort_unstable();
    pairs
}

fn all_version_2(footer: &Footer) -> Option<bool> {
    let mut said = footer.chunks().filter_map(has_version_2).peekable();
    said.peek()?;
    Some(said.all(|version_2| version_2))
}

/// Application and semantic version: readers branch on both (INT96 conversion, statistics that are known to be wrong).
/// What has another shape counts as a whole.
pub(super) fn created_by_class(created_by: Option<&str>) -> String {
    let Some(text) = created_by else { return "(none)".to_owned() };
    match split_created_by(text) {
        Some((application, version)) => format!("{application} {version}"),
        None => text.to_owned(),
    }
}

fn split_created_by(text: &str) -> Option<(&str, &str)> {
    let (application, rest) = text.split_once(" version ")?;
    let version = rest.split([' ', '(']).next().filter(|version| !version.is_empty())?;
    Some((application, version))
}

/// Whether readers mistrust minima and maxima of byte arrays by this writer: parquet-mr before 1.8.0, and writers that
/// do not say who they are. Writing some would not bring them back, and must not look as if it did.
pub(super) fn mistrusts_binary_statistics(created_by: Option<&str>) -> bool {
    let Some(text) = created_by.filter(|text| !text.is_empty()) else { return true };
    let Some(("parquet-mr", version)) = split_created_by(text) else { return text.starts_with("parquet-mr") };
    let mut numbers = version.split(['.', '-', '+']).map_while(|part| part.parse::<u32>().ok());
    let (major, minor) = (numbers.next(), numbers.next());
    !matches!((major, minor), (Some(1), Some(8..)) | (Some(2..), _))
}

/// The codecs of each column, in the order of the row groups, each once.
fn codecs(footer: &Footer) -> Vec<String> {
    let columns = footer.metadata.file_metadata().schema_descr().num_columns();
    (0..columns)
        .map(|column| {
            let mut seen: Vec<&str> = Vec::new();
            for row_group in footer.metadata.row_groups() {
                let name = codec_name(row_group.column(column).compression());
                if !seen.contains(&name) {
                    seen.push(name);
                }
            }
            seen.join("+")
        })
        .collect()
}

fn codec_name(codec: Compression) -> &'static str {
    match codec {
        Compression::UNCOMPRESSED => "none",
        Compression::SNAPPY => "snappy",
        Compression::GZIP(_) => "gzip",
        Compression::LZO => "lzo",
        Compression::BROTLI(_) => "brotli",
        Compression::LZ4 => "lz4-hadoop",
        Compression::ZSTD(_) => "zstd",
        Compression::LZ4_RAW => "lz4-raw",
    }
}

fn codec_text(footer: &Footer, codecs: &[String]) -> String {
    match codecs {
        [] => "none".to_owned(),
        [first, rest @ ..] if rest.iter().all(|codec| codec == first) => first.clone(),
        _ => {
            let columns = footer.metadata.file_metadata().schema_descr().columns();
            let each = columns.iter().zip(codecs).map(|(column, codec)| format!("{} {codec}", column.path()));
            shown(&each.collect::<Vec<_>>().join(", "))
        }
    }
}

/// The columns in words, `HASH: NAME TYPE, NAME TYPE`, a type as `int32:date`: the physical one, what it means. Two schemas that differ must not look alike, so a hash of all of
/// it comes first.
fn schema_text(footer: &Footer) -> String {
    let columns = footer.metadata.file_metadata().schema_descr().columns();
    let mut text = format!("{:08x}: ", xxh3_128(&footer.schema) as u32);
    for (index, column) in columns.iter().enumerate() {
        let comma = if index > 0 { ", " } else { "" };
        let _ = write!(text, "{comma}{} {}", column.path(), type_name(column.physical_type()));
        if let Some(logical) = logical_name(column) {
            let _ = write!(text, ":{logical}");
        }
        if text.len() > SHOWN_OF_SCHEMA {
            text.push('…');
            break;
        }
    }
    text
}

fn type_name(physical: Type) -> &'static str {
    match physical {
        Type::BOOLEAN => "boolean",
        Type::INT32 => "int32",
        Type::INT64 => "int64",
        Type::INT96 => "int96",
        Type::FLOAT => "float",
        Type::DOUBLE => "double",
        Type::BYTE_ARRAY => "binary",
        Type::FIXED_LEN_BYTE_ARRAY => "fixed",
    }
}

/// What the values mean, where the footer says it: one word, as `decimal(9,2)`.
fn logical_name(column: &ColumnDescriptor) -> Option<String> {
    use LogicalType as L;
    let decimal = |precision: i32, scale: i32| format!("decimal({precision},{scale})");
    let unit = |unit: &TimeUnit| match unit {
        TimeUnit::MILLIS => "ms",
        TimeUnit::MICROS => "us",
        TimeUnit::NANOS => "ns",
    };
    let local = |utc: bool| if utc { "" } else { ",local" };
    Some(match column.logical_type_ref() {
        None => match column.converted_type() {
            ConvertedType::NONE => return None,
            ConvertedType::UTF8 => "string".to_owned(),
            ConvertedType::DECIMAL => decimal(column.type_precision(), column.type_scale()),
            other => other.to_string().to_lowercase(),
        },
        Some(L::Decimal { scale, precision }) => decimal(*precision, *scale),
        Some(L::Time { is_adjusted_to_u_t_c, unit: of }) => {
            format!("time({}{})", unit(of), local(*is_adjusted_to_u_t_c))
        }
        Some(L::Timestamp { is_adjusted_to_u_t_c, unit: of }) => {
            format!("timestamp({}{})", unit(of), local(*is_adjusted_to_u_t_c))
        }
        Some(L::Integer { bit_width, is_signed }) => {
            format!("{}int{bit_width}", if *is_signed { "" } else { "u" })
        }
        Some(other) => {
            let text = format!("{other:?}").to_lowercase();
            text.split(|c: char| !c.is_alphanumeric()).find(|word| !word.is_empty()).unwrap_or("other").to_owned()
        }
    })
}

/// A text cut to what is shown; what was cut off still counts, by a hash.
fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        None => text.to_owned(),
        Some((cut, _)) => format!("{}… ({:08x})", &text[..cut], xxh3_128(text.as_bytes()) as u32),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writers_are_classed_by_application_and_version() {
        let class = |text| created_by_class(Some(text));
        assert_eq!(class("parquet-mr version 1.13.1 (build db4183109d5b)"), "parquet-mr 1.13.1");
        assert_eq!(class("parquet-mr version 1.13.1"), class("parquet-mr version 1.13.1 (build 0)"));
        assert_ne!(class("parquet-mr version 1.13.1"), class("parquet-mr version 1.12.3"));
        assert_ne!(
            class("DuckDB version v1.1.3 (build 19864453f7)"),
            class("DuckDB version v1.2.0 (build 5f5512b827)")
        );
        assert_eq!(class("Polars"), "Polars");
        assert_eq!(created_by_class(None), "(none)");
    }

    #[test]
    fn statistics_of_old_parquet_mr_are_mistrusted() {
        for old in
            ["parquet-mr version 1.6.0 (build x)", "parquet-mr version 1.7.0", "parquet-mr", "parquet-mr version (x"]
        {
            assert!(mistrusts_binary_statistics(Some(old)), "{old}");
        }
        for good in
            ["parquet-mr version 1.8.0", "parquet-mr version 1.13.1 (build x)", "parquet-cpp-arrow version 14.0.1"]
        {
            assert!(!mistrusts_binary_statistics(Some(good)), "{good}");
        }
        assert!(mistrusts_binary_statistics(None) && mistrusts_binary_statistics(Some("")));
    }

    #[test]
    fn long_facts_are_cut_but_stay_apart() {
        let (one, two) = ("x".repeat(500) + "a", "x".repeat(500) + "b");
        assert_ne!(shown(&one), shown(&two));
        assert!(shown(&one).chars().count() < SHOWN + 20);
    }
}

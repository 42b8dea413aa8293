//! What a metastore's tables and partitions are to us, and why some may not be compacted (PROTOCOL §8).
//!
//! The numbers of fields are the metastore's. A field that is missing is taken as what an old server meant by it; one
//! that has another type than expected is as if it were missing.

use super::place::Ground;
use super::thrift::{Struct, Value};
use crate::error::{Code, Reason};
use crate::model::{
    DataFormat, HIVE_DEFAULT_PARTITION, Partition, PartitionKey, PartitionSpec, StorePath, Table, TableKind, TableName,
    TargetId, clean,
};

/// Fields of a table.
pub(super) mod table {
    pub const NAME: i16 = 1;
    pub const OWNER: i16 = 3;
    pub const CREATED: i16 = 4;
    pub const STORAGE: i16 = 7;
    pub const KEYS: i16 = 8;
    pub const PARAMETERS: i16 = 9;
    pub const KIND: i16 = 12;
    pub const CATALOG: i16 = 17;
    pub const ID: i16 = 25;
}

/// Fields of a partition.
pub(super) mod partition {
    pub const VALUES: i16 = 1;
    pub const CREATED: i16 = 4;
    pub const STORAGE: i16 = 6;
    pub const PARAMETERS: i16 = 7;
}

/// Fields of a storage descriptor.
mod storage {
    pub const COLUMNS: i16 = 1;
    pub const LOCATION: i16 = 2;
    pub const INPUT_FORMAT: i16 = 3;
    pub const BUCKETS: i16 = 6;
    pub const SERDE: i16 = 7;
    pub const BUCKET_COLUMNS: i16 = 8;
    pub const SKEWED: i16 = 11;
    pub const SUB_DIRECTORIES: i16 = 12;
}

/// Fields of a SerDe.
mod serde {
    pub const LIBRARY: i16 = 2;
    pub const PARAMETERS: i16 = 3;
}

/// The statistics of files, where there are any.
pub(super) const FILES: &str = "numFiles";
/// Their bytes.
pub(super) const BYTES: &str = "totalSize";
/// Spark keeps a size of its own.
pub(super) const SPARK_BYTES: &str = "spark.sql.statistics.totalSize";

/// A table as a metastore has it, as far as is needed for its partitions.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// What everybody sees.
    pub(super) table: Table,
    /// How its data is read: the SerDe and the input format.
    reading: Reading,
    /// Its columns.
    pub(super) columns: usize,
    /// Where it is, also where that is outside the lake; none where it is not on the lake's store.
    pub(super) place: Option<StorePath>,
}

/// What decides how files are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Reading {
    library: String,
    input_format: String,
}

impl Reading {
    fn of(storage: Option<&Struct>) -> Reading {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Reading {
            library: text(storage.and_then(|storage| storage.fields(storage::SERDE)?.text(serde::LIBRARY))),
            input_format: text(storage.and_then(|storage| storage.text(storage::INPUT_FORMAT))),
        }
    }

    /// The format that it stands for.
    fn format(&self) -> Option<DataFormat> {
        let known = [
            ("parquet", DataFormat::Parquet),
            ("orc", DataFormat::Orc),
            ("avro", DataFormat::Avro),
            ("textinputformat", DataFormat::Text),
        ];
        let library = self.library.to_lowercase();
        let input = self.input_format.to_lowercase();
        known.iter().find(|(word, _)| library.contains(word) || input.contains(word)).map(|(_, format)| *format)
    }
}

/// Reads a table. Where it has no location that can be worked in, the lake's directory stands for it, and it is
/// refused.
pub(super) fn read_table(name: &TableName, fields: &Struct, ground: &Ground) -> Known {
    let parameter = |key: &str| fields.entry(table::PARAMETERS, key);
    let storage = fields.fields(table::STORAGE);
    let kind_text = fields.text(table::KIND).unwrap_or_default();
    let kind = match kind_text {
        "EXTERNAL_TABLE" => TableKind::External,
        text if text.contains("VIEW") => TableKind::View,
        _ => TableKind::Managed,
    };
    let mut refusals = kind_refusals(name, kind_text, fields);
    let location = storage.and_then(|storage| storage.text(storage::LOCATION)).unwrap_or_default();
    let placed = match ground.inside(location) {
        Ok(path) => path,
        Err(reason) => {
            if kind != TableKind::View {
                refusals.push(reason);
            }
            ground.root.clone()
        }
    };
    refusals.extend(storage.into_iter().flat_map(layout_refusals));
    if let Some(buckets) = parameter("spark.sql.sources.schema.numBuckets") {
        refusals.push(bucketed(buckets));
    }
    refusals.extend(stale_path(storage, &placed, ground));
    refusals.dedup();
    let number = |key: &str| parameter(key).and_then(|text| text.parse::<u64>().ok());
    let reading = Reading::of(storage);
    let keys = fields.list(table::KEYS).iter().filter_map(Value::as_struct);
    let key = |key: &Struct| PartitionKey {
        name: key.text(1).unwrap_or_default().to_owned(),
        hive_type: key.text(2).unwrap_or("string").to_owned(),
    };
    Known {
        place: ground.path(location).ok(),
        columns: storage.map_or(0, |storage| storage.list(storage::COLUMNS).len()),
        table: Table {
            name: TableName::new(name.database.clone(), fields.text(table::NAME).unwrap_or(&name.table)),
            kind,
            location: placed,
            partition_keys: keys.map(key).collect(),
            stated_format: reading.format(),
            refusals,
            identity: identity(fields),
            claimed_files: number(FILES),
            claimed_bytes: number(BYTES).or_else(|| number(SPARK_BYTES)),
            owner: fields.text(table::OWNER).filter(|owner| !owner.is_empty()).map(str::to_owned),
            properties: properties(fields),
        },
        reading,
    }
}

/// Parameters that decide how the files are kept and written come first, in this order.
const MATTER: [&str; 12] = [
    "EXTERNAL",
    "external.table.purge",
    "transactional",
    "transactional_properties",
    "parquet.compression",
    "parquet.block.size",
    "auto.purge",
    "discover.partitions",
    "partition.retention.period",
    FILES,
    BYTES,
    "numRows",
];
/// Spark's copies of the schema and of statistics say nothing to a person.
const UNREADABLE: [&str; 3] = ["spark.sql.sources.schema", "spark.sql.statistics.colStats", "COLUMN_STATS"];
/// Parameters beyond this number, and characters of one beyond that, are not shown.
const SHOWN: usize = 60;
const SHOWN_OF_ONE: usize = 300;

/// The parameters of a table and how its files are read, for a person.
fn properties(fields: &Struct) -> Vec<(String, String)> {
    let reading = Reading::of(fields.fields(table::STORAGE));
    let pairs = fields.get(table::PARAMETERS).and_then(Value::as_map).unwrap_or_default();
    let mut stated: Vec<(String, String)> = pairs
        .iter()
        .filter_map(|(key, value)| Some((key.as_text()?, value.as_text()?)))
        .filter(|(key, _)| !UNREADABLE.iter().any(|unreadable| key.starts_with(unreadable)))
        .map(|(key, value)| (key.to_owned(), value.chars().take(SHOWN_OF_ONE).collect()))
        .collect();
    let rank = |key: &str| MATTER.iter().position(|known| *known == key).unwrap_or(MATTER.len());
    stated.sort_by(|(one, _), (other, _)| rank(one).cmp(&rank(other)).then(one.cmp(other)));
    stated.truncate(SHOWN);
    let read = [("input format", reading.input_format), ("serde", reading.library)];
    stated.extend(read.into_iter().filter(|(_, text)| !text.is_empty()).map(|(word, text)| (word.to_owned(), text)));
    stated
}

/// When it was made and, where servers number tables, its number: another table of this name has another.
fn identity(fields: &Struct) -> String {
    let created = fields.number(table::CREATED).unwrap_or_default();
    match fields.number(table::ID) {
        Some(id) => format!("{created}#{id}"),
        None => created.to_string(),
    }
}

/// What kind of table it is speaks against it; the first that applies.
fn kind_refusals(name: &TableName, kind: &str, fields: &Struct) -> Vec<Reason> {
    let parameter = |key: &str| fields.entry(table::PARAMETERS, key).unwrap_or_default();
    let is = |key: &str, value: &str| parameter(key).eq_ignore_ascii_case(value);
    let provider = parameter("spark.sql.sources.provider").to_lowercase();
    let input_format = Reading::of(fields.fields(table::STORAGE)).input_format.to_lowercase();
    let text = match () {
        () if kind == "VIRTUAL_VIEW" => "a view: it has no files of its own".to_owned(),
        () if kind.contains("VIEW") => "a materialised view: its engine writes it anew".to_owned(),
        () if is("table_type", "ICEBERG") || provider == "iceberg" || !parameter("metadata_location").is_empty() => {
            "an Iceberg table: its own metadata lists its files; rewrite_data_files does it".to_owned()
        }
        () if provider == "delta" || is("table_type", "DELTA") || input_format.contains("delta") => {
            "a Delta table: its own log lists its files; OPTIMIZE does it".to_owned()
        }
        () if provider == "hudi" || input_format.contains("hudi") || input_format.contains("hoodie") => {
            "a Hudi table: its own timeline lists its files; its clustering does it".to_owned()
        }
        () if !parameter("storage_handler").is_empty() => {
            format!("its data is kept by {}", clean(parameter("storage_handler")))
        }
        () if !provider.is_empty() && !FILE_PROVIDERS.contains(&provider.as_str()) => {
            format!("its data is kept by Spark's source {}", clean(&provider))
        }
        () if is("transactional", "true") && is("transactional_properties", "insert_only") => {
            format!("insert-only transactional: Hive does it, ALTER TABLE {name} COMPACT 'major'")
        }
        () if is("transactional", "true") => format!("ACID: Hive does it, ALTER TABLE {name} COMPACT 'major'"),
        () if kind != "EXTERNAL_TABLE" => {
            format!("not external ({}): the metastore owns its files", clean(&kind.to_lowercase()))
        }
        () => return Vec::new(),
    };
    vec![Reason::new(Code::UnsupportedTable, text)]
}

/// Spark's sources whose data is plain files.
const FILE_PROVIDERS: [&str; 7] = ["parquet", "orc", "avro", "csv", "json", "text", "hive"];

/// What the storage descriptor of a table or partition says against it: the names of files, or where they lie, have a
/// meaning.
fn layout_refusals(storage: &Struct) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let buckets = storage.number(storage::BUCKETS).unwrap_or_default();
    if buckets > 0 {
        reasons.push(bucketed(&buckets.to_string()));
    } else if !storage.list(storage::BUCKET_COLUMNS).is_empty() {
        reasons.push(bucketed("an unknown number of"));
    }
    let skewed = storage.fields(storage::SKEWED).is_some_and(|skewed| !skewed.list(1).is_empty());
    if skewed || storage.flag(storage::SUB_DIRECTORIES) == Some(true) {
        reasons.push(Reason::new(
            Code::UnsupportedTable,
            "skewed: files of some values are kept apart, and merging would mix them",
        ));
    }
    reasons
}

fn bucketed(buckets: &str) -> Reason {
    let text = format!("{} buckets: merging their files would break bucket joins", clean(buckets));
    Reason::new(Code::UnsupportedTable, text)
}

/// Spark reads a table of its own where this parameter says, whatever the location is.
fn stale_path(storage: Option<&Struct>, placed: &StorePath, ground: &Ground) -> Option<Reason> {
    let path = storage?.fields(storage::SERDE)?.entry(serde::PARAMETERS, "path")?;
    if ground.path(path).is_ok_and(|path| path == *placed) {
        return None;
    }
    let text = format!("Spark reads it at {}, which is not its location", clean(path));
    Some(Reason::new(Code::UnsupportedTable, text))
}

/// The name of a partition and where it is, also where that is outside the lake.
pub(super) fn place_of_partition(known: &Known, fields: &Struct, ground: &Ground) -> Option<(TargetId, StorePath)> {
    let location = fields.fields(partition::STORAGE)?.text(storage::LOCATION)?;
    Some((TargetId::new(&known.table.name, Some(name_of(known, fields))), ground.path(location).ok()?))
}

fn name_of(known: &Known, fields: &Struct) -> String {
    let values = fields.list(partition::VALUES).iter().map(|value| value.as_text().unwrap_or_default());
    partition_name(&known.table, values)
}

/// The files and bytes that a partition claims.
pub(super) fn claims(fields: &Struct) -> Option<(u64, u64)> {
    let number = |key: &str| fields.entry(partition::PARAMETERS, key)?.parse::<u64>().ok();
    Some((number(FILES)?, number(BYTES)?))
}

/// Reads a partition of a table. One without a location that can be worked in gets the table's, and is refused.
pub(super) fn read_partition(known: &Known, fields: &Struct, ground: &Ground) -> Partition {
    let name = name_of(known, fields);
    let storage = fields.fields(partition::STORAGE);
    let mut refusals = Vec::new();
    let location = storage.and_then(|storage| storage.text(storage::LOCATION)).unwrap_or_default();
    let placed = ground.inside(location).unwrap_or_else(|reason| {
        refusals.push(reason);
        known.table.location.clone()
    });
    if refusals.is_empty() && known.table.location.below(&placed).is_some() {
        let text = format!("it lies at {placed}, where the table's other partitions are too");
        refusals.push(Reason::new(Code::SharedLocation, text));
    }
    let reading = Reading::of(storage);
    if reading != known.reading {
        let differs = match reading.library == known.reading.library {
            true => (reading.input_format.as_str(), known.reading.input_format.as_str()),
            false => (reading.library.as_str(), known.reading.library.as_str()),
        };
        let text = format!("it is read by {}, the table by {}", short(differs.0), short(differs.1));
        refusals.push(Reason::new(Code::MixedFormat, text));
    }
    refusals.extend(storage.into_iter().flat_map(layout_refusals));
    Partition {
        id: TargetId::new(&known.table.name, Some(name)),
        location: placed,
        identity: format!("{}/{}", known.table.identity, fields.number(partition::CREATED).unwrap_or_default()),
        refusals,
    }
}

/// The last part of a class's name.
fn short(class: &str) -> String {
    clean(class.rsplit('.').next().unwrap_or_default()).into_owned()
}

/// The name of a partition as Hive makes it of the keys and values.
fn partition_name<'a>(table: &Table, values: impl Iterator<Item = &'a str>) -> String {
    let value = |value: &str| (!value.is_empty() && value != HIVE_DEFAULT_PARTITION).then(|| value.to_owned());
    let parts = table.partition_keys.iter().zip(values).map(|(key, given)| (key.name.to_lowercase(), value(given)));
    PartitionSpec(parts.collect()).to_string()
}

/// The values of the first keys, as a metastore has them.
pub(super) fn first_values(prefix: &PartitionSpec) -> Vec<String> {
    let value = |value: &Option<String>| value.clone().unwrap_or_else(|| HIVE_DEFAULT_PARTITION.to_owned());
    prefix.0.iter().map(|(_, given)| value(given)).collect()
}

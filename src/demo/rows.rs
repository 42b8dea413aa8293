//! Fills a file with rows of any schema. Levels and values follow from the seed, the row and the place in the schema
//! alone, so that the columns of one list or map agree on its length without knowing of each other.

use std::sync::Arc;

use parquet::basic::{ConvertedType, Repetition};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::{ByteArray, FixedLenByteArray, Int96};
use parquet::errors::Result as ParquetResult;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{ColumnDescriptor, SchemaDescriptor, Type, TypePtr};

use super::random::{Random, mix, mix_text};
use super::schema::Schema;

/// The Julian day of 1970-01-01.
const JULIAN_1970: u32 = 2_440_588;
const WORDS: [&str; 16] = [
    "amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "harbor", "island", "juniper", "kelp", "lagoon",
    "meadow", "nectar", "opal", "prairie",
];

/// What a file is to hold.
#[derive(Clone, Copy, Debug)]
pub struct Content {
    /// Decides every value.
    pub seed: u64,
    /// Rows.
    pub rows: u64,
    /// The first row's number; ids count from it.
    pub first_row: u64,
    /// Bytes of the columns called `note`: random text, which does not compress. 0 makes short words.
    pub note_bytes: usize,
    /// The day of the dates in it, counted from 1970.
    pub day: u32,
}

/// The bytes of a file.
pub fn file(schema: &Schema, content: Content) -> ParquetResult<Vec<u8>> {
    let mut writer = SerializedFileWriter::new(Vec::new(), schema.message.clone(), schema.properties.clone())?;
    let descriptor = SchemaDescriptor::new(schema.message.clone());
    let mut row_group = writer.next_row_group()?;
    let mut at = 0;
    while let Some(mut column) = row_group.next_column()? {
        let leaf = Leaf::new(&schema.message, &descriptor.column(at));
        let levels = leaf.levels(content);
        write_column(column.untyped(), &leaf, content, &levels)?;
        column.close()?;
        at += 1;
    }
    row_group.close()?;
    writer.into_inner()
}

/// One column: the nodes that lead to it.
struct Leaf {
    descriptor: Arc<ColumnDescriptor>,
    path: Vec<(Repetition, u64)>,
}

/// The levels of a column; the cells where a value is, by a number that decides it.
#[derive(Default)]
struct Levels {
    definition: Vec<i16>,
    repetition: Vec<i16>,
    cells: Vec<(u64, u64)>,
}

impl Leaf {
    fn new(message: &TypePtr, descriptor: &Arc<ColumnDescriptor>) -> Leaf {
        let mut path = Vec::new();
        let mut node: &Type = message;
        let mut name = 0;
        for part in descriptor.path().parts() {
            let Some(child) = node.get_fields().iter().find(|field| field.name() == part) else { break };
            name = mix_text(name, part);
            path.push((child.get_basic_info().repetition(), name));
            node = child;
        }
        Leaf { descriptor: descriptor.clone(), path }
    }

    fn levels(&self, content: Content) -> Levels {
        let mut levels = Levels::default();
        for row in 0..content.rows {
            let place = Place { row, key: mix(content.seed, row), definition: 0, repetition: 0, repeated: 0 };
            self.walk(0, place, &mut levels);
        }
        levels
    }

    fn walk(&self, depth: usize, place: Place, levels: &mut Levels) {
        let Some((repetition, name)) = self.path.get(depth) else {
            levels.push(place);
            levels.cells.push((place.row, mix(place.key, self.path.last().map_or(0, |(_, name)| *name))));
            return;
        };
        let chance = mix(place.key, *name);
        match repetition {
            Repetition::REQUIRED => self.walk(depth + 1, place, levels),
            Repetition::OPTIONAL if chance.is_multiple_of(16) && !self.is_id() => levels.push(place),
            Repetition::OPTIONAL => {
                self.walk(depth + 1, Place { definition: place.definition + 1, ..place }, levels);
            }
            Repetition::REPEATED if chance.is_multiple_of(4) => levels.push(place),
            Repetition::REPEATED => {
                let repeated = place.repeated + 1;
                for element in 0..chance % 4 {
                    let repetition = if element == 0 { place.repetition } else { repeated };
                    let key = mix(place.key, element + 1);
                    let definition = place.definition + 1;
                    self.walk(depth + 1, Place { key, definition, repetition, repeated, ..place }, levels);
                }
            }
        }
    }

    fn is_id(&self) -> bool {
        self.descriptor.name().ends_with("_id")
    }
}

/// Where in a row a value is.
#[derive(Clone, Copy)]
struct Place {
    row: u64,
    key: u64,
    definition: i16,
    repetition: i16,
    repeated: i16,
}

impl Levels {
    fn push(&mut self, place: Place) {
        self.definition.push(place.definition);
        self.repetition.push(place.repetition);
    }
}

fn write_column(writer: &mut ColumnWriter<'_>, leaf: &Leaf, content: Content, levels: &Levels) -> ParquetResult<()> {
    macro_rules! batch {
        ($writer:expr, $value:expr) => {{
            let values: Vec<_> = levels.cells.iter().map($value).collect();
            $writer.write_batch(&values, Some(&levels.definition), Some(&levels.repetition))?;
        }};
    }
    let length = usize::try_from(leaf.descriptor.type_length()).unwrap_or(0);
    match writer {
        ColumnWriter::BoolColumnWriter(writer) => batch!(writer, |(_, key)| key & 1 == 1),
        ColumnWriter::Int32ColumnWriter(writer) => batch!(writer, |(_, key)| int32(leaf, content, *key)),
        ColumnWriter::Int64ColumnWriter(writer) => batch!(writer, |(row, key)| int64(leaf, content, *row, *key)),
        ColumnWriter::Int96ColumnWriter(writer) => batch!(writer, |(_, key)| int96(content, *key)),
        ColumnWriter::FloatColumnWriter(writer) => batch!(writer, |(_, key)| (key % 1_000) as f32 / 1_000.0),
        ColumnWriter::DoubleColumnWriter(writer) => batch!(writer, |(_, key)| (key % 100_000) as f64 / 100.0),
        ColumnWriter::ByteArrayColumnWriter(writer) => batch!(writer, |(_, key)| binary(leaf, content, *key)),
        ColumnWriter::FixedLenByteArrayColumnWriter(writer) => {
            batch!(writer, |(_, key)| FixedLenByteArray::from(decimal_bytes(*key, length)))
        }
    }
    Ok(())
}

fn int32(leaf: &Leaf, content: Content, key: u64) -> i32 {
    match leaf.descriptor.converted_type() {
        ConvertedType::DATE => (content.day + (key % 2) as u32) as i32,
        ConvertedType::DECIMAL => (key % 1_999_999) as i32 - 999_999,
        _ => (key % 500) as i32,
    }
}

fn int64(leaf: &Leaf, content: Content, row: u64, key: u64) -> i64 {
    const DAY: u64 = 86_400_000_000;
    let value = match leaf.descriptor.converted_type() {
        ConvertedType::TIMESTAMP_MICROS => u64::from(content.day) * DAY + key % DAY,
        ConvertedType::DECIMAL => key % 10_000_000,
        _ if leaf.is_id() && leaf.descriptor.name() != "customer_id" => content.first_row + row,
        _ => key % 100_000,
    };
    value as i64
}

fn int96(content: Content, key: u64) -> Int96 {
    let nanos = key % 86_400_000_000_000;
    let mut value = Int96::new();
    value.set_data(nanos as u32, (nanos >> 32) as u32, JULIAN_1970 + content.day);
    value
}

fn binary(leaf: &Leaf, content: Content, key: u64) -> ByteArray {
    if leaf.descriptor.converted_type() == ConvertedType::DECIMAL {
        return ByteArray::from(decimal_bytes(key, 9));
    }
    if leaf.descriptor.name() == "note" && content.note_bytes > 0 {
        return ByteArray::from(noise(key, content.note_bytes));
    }
    if leaf.descriptor.name() == "session" {
        return ByteArray::from(format!("{key:016x}").into_bytes());
    }
    let (one, other) = (WORDS[(key % 16) as usize], WORDS[(key / 16 % 16) as usize]);
    ByteArray::from(format!("{one} {other}").into_bytes())
}

/// Text of 64 letters, which no codec of the lake makes much shorter.
fn noise(key: u64, bytes: usize) -> Vec<u8> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut random = Random::new(key);
    let mut text = Vec::with_capacity(bytes + 10);
    while text.len() < bytes {
        let number = random.next();
        text.extend((0..10).map(|letter| LETTERS[(number >> (6 * letter) & 63) as usize]));
    }
    text.truncate(bytes);
    text
}

/// A number of either sign as big-endian two's complement.
fn decimal_bytes(key: u64, length: usize) -> Vec<u8> {
    let value = i128::from(key as i64) >> 8;
    let bytes = value.to_be_bytes();
    bytes[bytes.len() - length.min(bytes.len())..].to_vec()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use parquet::file::reader::{FileReader, SerializedFileReader};

    use super::super::schema::Kind;
    use super::*;

    #[test]
    fn every_schema_is_filled_with_rows_that_can_be_read() {
        for kind in Kind::ALL {
            let schema = kind.schema().unwrap();
            let content = Content { seed: 7, rows: 300, first_row: 1_000, note_bytes: 0, day: 20_000 };
            let bytes = file(&schema, content).unwrap();
            assert_eq!(bytes, file(&schema, content).unwrap());
            let reader = SerializedFileReader::new(Bytes::from(bytes)).unwrap();
            let rows: Vec<_> = reader.get_row_iter(None).unwrap().map(Result::unwrap).collect();
            assert_eq!(rows.len(), 300, "{kind:?}");
            assert_eq!(rows[299].get_column_iter().next().unwrap().1.to_string(), "1299");
        }
    }

    #[test]
    fn noise_makes_files_of_the_wanted_size() {
        let schema = Kind::Web.schema().unwrap();
        let content = Content { seed: 1, rows: 1_000, first_row: 0, note_bytes: 1_000, day: 20_000 };
        let length = file(&schema, content).unwrap().len();
        assert!((900_000..1_200_000).contains(&length), "{length}");
    }
}

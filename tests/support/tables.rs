//! Sample Parquet files of any schema: rows drawn from a seed, cut into levels and values as the format says, so that
//! every reader accepts them; and a plain reading of a file, column by column, to compare by.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{ConvertedType, LogicalType, Repetition, Type as Physical};
use parquet::column::reader::ColumnReader;
use parquet::column::writer::ColumnWriter;
use parquet::data_type::{ByteArray, FixedLenByteArray, Int96};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::{ColumnDescriptor, SchemaDescriptor, Type};

/// Every physical type, every decimal width, nested and legacy lists, maps, optional and required.
pub const EVERYTHING: &str = "message spark_schema {
    required int64 id = 1;
    optional binary name (UTF8) = 2;
    optional int32 small = 3;
    optional int32 day (DATE) = 4;
    optional int64 at (TIMESTAMP(MICROS, true)) = 5;
    optional int96 legacy_at = 6;
    optional boolean flag = 7;
    optional float ratio = 8;
    optional double amount = 9;
    optional int32 price9 (DECIMAL(9, 2)) = 10;
    optional int64 price18 (DECIMAL(18, 4)) = 11;
    optional fixed_len_byte_array(16) price38 (DECIMAL(38, 6)) = 12;
    optional fixed_len_byte_array(5) price11 (DECIMAL(11, 2)) = 13;
    optional binary price_bytes (DECIMAL(20, 3)) = 14;
    optional fixed_len_byte_array(16) token = 15;
    optional int32 unsigned (INTEGER(32, false)) = 16;
    optional binary raw = 17;
    optional group tags (LIST) = 18 { repeated group list { optional binary element (UTF8); } }
    optional group bag (LIST) = 19 { repeated group bag { optional int32 array_element; } }
    optional group pairs (MAP) = 20 { repeated group key_value { required binary key (UTF8); optional int64 value; } }
    repeated int32 plain_repeated = 21;
    optional group deep = 22 { required group inner { optional group items (LIST) {
        repeated group list { optional group element (LIST) { repeated group list { required double element; } } } } } }
}";

/// Flat columns as most tables have them.
pub const FLAT: &str = "message spark_schema {
    required int64 id;
    optional binary name (UTF8);
    optional int32 quantity;
    optional double amount;
    optional int64 at (TIMESTAMP(MICROS, true));
}";

/// Numbers from a seed.
#[derive(Clone, Debug)]
pub struct Draw(u64);

impl Draw {
    pub fn new(seed: u64) -> Draw {
        Draw(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

/// Properties that write like a well-known engine.
pub fn properties() -> parquet::file::properties::WriterPropertiesBuilder {
    WriterProperties::builder()
        .set_created_by("parquet-mr version 1.13.1 (build db4183109d5b734ec5930d870cdae161e408ddba)".to_owned())
        .set_key_value_metadata(Some(vec![KeyValue::new("org.apache.spark.version".to_owned(), "3.5.6".to_owned())]))
        .set_compression(parquet::basic::Compression::SNAPPY)
}

/// A file of so many row groups with so many rows each.
pub fn file(schema: &str, properties: WriterProperties, groups: &[usize], seed: u64) -> Vec<u8> {
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let descriptor = SchemaDescriptor::new(Arc::clone(&schema));
    let mut draw = Draw::new(seed);
    let groups: Vec<Vec<Column>> = groups.iter().map(|rows| shred(&descriptor, *rows, &mut draw)).collect();
    encoded(schema, properties, &groups)
}

/// A file of these row groups.
pub fn encoded(schema: Arc<Type>, properties: WriterProperties, groups: &[Vec<Column>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut bytes, schema, Arc::new(properties)).unwrap();
    for columns in groups {
        let mut group = writer.next_row_group().unwrap();
        for column in columns {
            let mut open = group.next_column().unwrap().unwrap();
            column.write(open.untyped());
            open.close().unwrap();
        }
        group.close().unwrap();
    }
    writer.close().unwrap();
    bytes
}

/// The content of a column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    pub definition: Vec<i16>,
    pub repetition: Vec<i16>,
    /// Little-endian bytes, or those of the array.
    pub values: Vec<Vec<u8>>,
}

impl Column {
    fn empty() -> Column {
        Column { definition: Vec::new(), repetition: Vec::new(), values: Vec::new() }
    }

    /// Writes all of it.
    pub fn write(&self, writer: &mut ColumnWriter<'_>) {
        macro_rules! write {
            ($writer:expr, $convert:expr) => {{
                let values: Vec<_> = self.values.iter().map($convert).collect();
                let column = $writer.get_descriptor().clone();
                let definition = (column.max_def_level() > 0).then_some(&self.definition[..]);
                let repetition = (column.max_rep_level() > 0).then_some(&self.repetition[..]);
                $writer.write_batch(&values, definition, repetition).unwrap();
            }};
        }
        match writer {
            ColumnWriter::BoolColumnWriter(writer) => write!(writer, |value| value[0] != 0),
            ColumnWriter::Int32ColumnWriter(writer) => {
                write!(writer, |v| i32::from_le_bytes(v[..].try_into().unwrap()))
            }
            ColumnWriter::Int64ColumnWriter(writer) => {
                write!(writer, |v| i64::from_le_bytes(v[..].try_into().unwrap()))
            }
            ColumnWriter::FloatColumnWriter(writer) => {
                write!(writer, |v| f32::from_le_bytes(v[..].try_into().unwrap()))
            }
            ColumnWriter::DoubleColumnWriter(writer) => {
                write!(writer, |v| f64::from_le_bytes(v[..].try_into().unwrap()))
            }
            ColumnWriter::Int96ColumnWriter(writer) => write!(writer, int96),
            ColumnWriter::ByteArrayColumnWriter(writer) => write!(writer, |v| ByteArray::from(v.clone())),
            ColumnWriter::FixedLenByteArrayColumnWriter(writer) => {
                write!(writer, |v| FixedLenByteArray::from(v.clone()))
            }
        }
    }

    /// What another file has after it.
    pub fn append(&mut self, other: Column) {
        self.definition.extend(other.definition);
        self.repetition.extend(other.repetition);
        self.values.extend(other.values);
    }
}

#[expect(clippy::ptr_arg, reason = "it is mapped over vectors")]
fn int96(value: &Vec<u8>) -> Int96 {
    let words: Vec<u32> = value.chunks(4).map(|word| u32::from_le_bytes(word.try_into().unwrap())).collect();
    let mut int96 = Int96::new();
    int96.set_data(words[0], words[1], words[2]);
    int96
}

/// All columns of a file, read by nothing but the decoder.
pub fn columns(bytes: &[u8]) -> Vec<Column> {
    let reader = SerializedFileReader::new(Bytes::copy_from_slice(bytes)).unwrap();
    let count = reader.metadata().file_metadata().schema_descr().num_columns();
    let mut columns = vec![Column::empty(); count];
    for group in 0..reader.num_row_groups() {
        let group = reader.get_row_group(group).unwrap();
        for (index, column) in columns.iter_mut().enumerate() {
            let rows = usize::try_from(group.metadata().num_rows()).unwrap();
            column.append(read(group.get_column_reader(index).unwrap(), rows));
        }
    }
    columns
}

fn read(reader: ColumnReader, rows: usize) -> Column {
    let mut column = Column::empty();
    macro_rules! read {
        ($reader:expr, $convert:expr) => {{
            let mut values = Vec::new();
            let mut left = rows;
            while left > 0 {
                let (def, rep) = (&mut column.definition, &mut column.repetition);
                let (read, ..) = $reader.read_records(left, Some(def), Some(rep), &mut values).unwrap();
                assert!(read > 0, "the column is too short");
                left -= read;
            }
            column.values = values.iter().map($convert).collect();
        }};
    }
    match reader {
        ColumnReader::BoolColumnReader(mut reader) => read!(reader, |value| vec![u8::from(*value)]),
        ColumnReader::Int32ColumnReader(mut reader) => read!(reader, |value| value.to_le_bytes().to_vec()),
        ColumnReader::Int64ColumnReader(mut reader) => read!(reader, |value| value.to_le_bytes().to_vec()),
        ColumnReader::FloatColumnReader(mut reader) => read!(reader, |value| value.to_le_bytes().to_vec()),
        ColumnReader::DoubleColumnReader(mut reader) => read!(reader, |value| value.to_le_bytes().to_vec()),
        ColumnReader::Int96ColumnReader(mut reader) => {
            read!(reader, |value: &Int96| value.data().iter().flat_map(|word| word.to_le_bytes()).collect())
        }
        ColumnReader::ByteArrayColumnReader(mut reader) => read!(reader, |value: &ByteArray| value.data().to_vec()),
        ColumnReader::FixedLenByteArrayColumnReader(mut reader) => {
            read!(reader, |value: &FixedLenByteArray| value.data().to_vec())
        }
    }
    column
}

/// Rows of a schema, cut into columns.
pub fn shred(schema: &SchemaDescriptor, rows: usize, draw: &mut Draw) -> Vec<Column> {
    let mut columns = vec![Column::empty(); schema.num_columns()];
    for _ in 0..rows {
        let mut leaf = 0;
        for field in schema.root_schema().get_fields() {
            descend(field, Levels { rep: 0, def: 0, depth: 0 }, &mut leaf, Some(draw), schema, &mut columns);
        }
    }
    columns
}

#[derive(Clone, Copy)]
struct Levels {
    rep: i16,
    def: i16,
    /// Repeated fields so far.
    depth: i16,
}

/// Without `draw` there is nothing from here on.
fn descend(
    node: &Type,
    levels: Levels,
    leaf: &mut usize,
    mut draw: Option<&mut Draw>,
    schema: &SchemaDescriptor,
    columns: &mut [Column],
) {
    let repetition = node.get_basic_info().repetition();
    let deeper = Levels { def: levels.def + i16::from(repetition != Repetition::REQUIRED), ..levels };
    let first = *leaf;
    let present = match (&mut draw, repetition) {
        (None, _) => 0,
        (Some(_), Repetition::REQUIRED) => 1,
        (Some(draw), Repetition::OPTIONAL) => u64::from(draw.below(5) > 0),
        (Some(draw), Repetition::REPEATED) => draw.below(4),
    };
    if present == 0 {
        return content(node, levels, leaf, None, schema, columns);
    }
    let depth = levels.depth + i16::from(repetition == Repetition::REPEATED);
    for index in 0..present {
        *leaf = first;
        let rep = if index == 0 { levels.rep } else { depth };
        content(node, Levels { rep, depth, ..deeper }, leaf, draw.as_deref_mut(), schema, columns);
    }
}

fn content(
    node: &Type,
    levels: Levels,
    leaf: &mut usize,
    mut draw: Option<&mut Draw>,
    schema: &SchemaDescriptor,
    columns: &mut [Column],
) {
    if node.is_group() {
        for field in node.get_fields() {
            descend(field, levels, leaf, draw.as_deref_mut(), schema, columns);
        }
        return;
    }
    let (descriptor, column) = (schema.column(*leaf), &mut columns[*leaf]);
    *leaf += 1;
    if descriptor.max_def_level() > 0 {
        column.definition.push(levels.def);
    }
    if descriptor.max_rep_level() > 0 {
        column.repetition.push(levels.rep);
    }
    if let Some(draw) = draw {
        column.values.push(value(&descriptor, draw));
    }
}

fn value(column: &ColumnDescriptor, draw: &mut Draw) -> Vec<u8> {
    // Few different ones mostly, so that dictionaries have work, and now and then any.
    let any = draw.next();
    let few = if draw.below(8) == 0 { any } else { any % 40 };
    match column.physical_type() {
        Physical::BOOLEAN => vec![u8::from(any.is_multiple_of(2))],
        Physical::INT32 if column.converted_type() == ConvertedType::DECIMAL => {
            ((few % 999_999_999) as i32).to_le_bytes().to_vec()
        }
        Physical::INT32 => (few as i32).to_le_bytes().to_vec(),
        Physical::INT64 => ((few % 900_000_000_000_000) as i64).to_le_bytes().to_vec(),
        Physical::INT96 => {
            let (nanos, day) = (any % 86_400_000_000_000, 2_459_000 + (any % 400) as u32);
            [&nanos.to_le_bytes()[..], &day.to_le_bytes()].concat()
        }
        Physical::FLOAT => match any % 20 {
            0 => f32::NAN.to_le_bytes().to_vec(),
            1 => (-0.0_f32).to_le_bytes().to_vec(),
            _ => (few as f32 / 7.0).to_le_bytes().to_vec(),
        },
        Physical::DOUBLE => match any % 20 {
            0 => f64::NAN.to_le_bytes().to_vec(),
            1 => 0.0_f64.to_le_bytes().to_vec(),
            _ => (few as f64 / 7.0).to_le_bytes().to_vec(),
        },
        Physical::BYTE_ARRAY if column.converted_type() == ConvertedType::DECIMAL => {
            let number = (few % 90_000_000) as i64 - 45_000_000;
            number.to_be_bytes()[(any % 4) as usize..].to_vec()
        }
        Physical::BYTE_ARRAY if column.logical_type_ref() == Some(&LogicalType::String) => {
            format!("word-{}{}", few % 10_000, "é".repeat((few % 5) as usize)).into_bytes()
        }
        Physical::BYTE_ARRAY => any.to_le_bytes()[..(any % 9) as usize].to_vec(),
        Physical::FIXED_LEN_BYTE_ARRAY => {
            let length = usize::try_from(column.type_length()).unwrap();
            let number = (few % 900_000_000) as i64 - 450_000_000;
            let sign = if number < 0 { 0xff } else { 0 };
            let mut bytes = vec![sign; length.saturating_sub(8)];
            let short = 8_usize.saturating_sub(length);
            bytes.extend_from_slice(&number.to_be_bytes()[short..]);
            bytes
        }
    }
}

//! Tables that only the parquet crate writes as old programs did: lists in two levels, decimals as byte arrays, the
//! framed LZ4 of Hadoop, field ids, dictionaries and delta encodings in pages of both versions.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::{Compression, ConvertedType, Encoding, Repetition, Type};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::{ByteArray, FixedLenByteArray, Int96};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder, WriterVersion};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnDescriptor;

use crate::program::age;

const FILES: i64 = 5;
const ROWS: i64 = 200;

const LISTS: &str = "message spark_schema {
    required int64 id;
    optional group two (LIST) { repeated int32 array; }
    optional group three (LIST) { repeated group bag { optional binary array_element (UTF8); } }
    optional group pairs (MAP) { repeated group map (MAP_KEY_VALUE) { required binary key (UTF8); optional int64 value; } }
}";
const OLD: &str = "message hive_schema {
    required int64 id;
    optional int96 at;
    optional binary bytes (DECIMAL(18,3));
    optional fixed_len_byte_array(9) wide (DECIMAL(20,2));
    optional int32 small (DECIMAL(9,2));
    optional int64 middle (DECIMAL(18,4));
    optional group moments (LIST) { repeated group list { optional int96 element; } }
}";
const NUMBERED: &str = "message table {
    required int64 id = 1;
    optional binary name (UTF8) = 7;
    optional double amount = 3;
    optional boolean flag = 12;
}";

type Options<'a> = &'a dyn Fn(WriterPropertiesBuilder) -> WriterPropertiesBuilder;

/// Adds the tables to a lake; returns their names.
pub fn write_tables(lake: &Path) -> Vec<&'static str> {
    let delta = |builder: WriterPropertiesBuilder| {
        builder
            .set_dictionary_enabled(false)
            .set_column_encoding("id".into(), Encoding::DELTA_BINARY_PACKED)
            .set_column_encoding("name".into(), Encoding::DELTA_BYTE_ARRAY)
    };
    let snappy = |builder: WriterPropertiesBuilder| builder.set_compression(Compression::SNAPPY);
    let second = |builder: WriterPropertiesBuilder| builder.set_writer_version(WriterVersion::PARQUET_2_0);
    let tables: [(&str, &str, Options); 8] = [
        ("legacy_lists", LISTS, &snappy),
        ("legacy_lists_v2", LISTS, &second),
        ("hive_types", OLD, &snappy),
        ("hive_types_v2", OLD, &|builder| second(builder).set_dictionary_enabled(false)),
        ("numbered", NUMBERED, &snappy),
        ("delta_v1", NUMBERED, &delta),
        ("delta_v2", NUMBERED, &|builder| second(delta(builder))),
        ("codec_lz4_hadoop", NUMBERED, &|builder| builder.set_compression(Compression::LZ4)),
    ];
    for (name, schema, options) in tables {
        let directory = lake.join("kinds.db").join(name);
        fs::create_dir_all(&directory).unwrap();
        for number in 0..FILES {
            // As Hive names its files: no extension.
            let path = directory.join(format!("{number:06}_0"));
            write_file(&path, schema, number * 1_000, options(WriterProperties::builder()));
            age(&path);
        }
    }
    tables.map(|(name, ..)| name).into()
}

fn write_file(path: &Path, schema: &str, first: i64, properties: WriterPropertiesBuilder) {
    let properties = properties
        .set_data_page_row_count_limit(64)
        .set_write_batch_size(16)
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_bloom_filter_enabled(first == 1_000)
        .set_key_value_metadata(Some(vec![KeyValue::new("writer.zone".to_owned(), "UTC".to_owned())]))
        .build();
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let file = fs::File::create(path).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::new(properties)).unwrap();
    let columns = writer.schema_descr().columns().to_vec();
    for start in [first, first + ROWS / 2] {
        let mut group = writer.next_row_group().unwrap();
        for column in &columns {
            let mut open = group.next_column().unwrap().unwrap();
            write_column(open.untyped(), column, start..start + ROWS / 2);
            open.close().unwrap();
        }
        group.close().unwrap();
    }
    writer.close().unwrap();
}

/// The levels of one row: (repetition, definition) of each entry. All columns of a group agree on what is null or
/// empty, because it only depends on the row.
fn levels(column: &ColumnDescriptor, row: i64) -> Vec<(i16, i16)> {
    let full = column.max_def_level();
    let optional_leaf = column.self_type().get_basic_info().repetition() == Repetition::OPTIONAL;
    if column.max_rep_level() == 0 {
        return vec![(0, if row % 5 == 0 && optional_leaf { full - 1 } else { full })];
    }
    match row % 8 {
        0 => vec![(0, 0)],
        4 => vec![(0, 1)],
        kind => (0..kind)
            .map(|entry| (i16::from(entry > 0), if entry == 2 && optional_leaf { full - 1 } else { full }))
            .collect(),
    }
}

fn write_column(writer: &mut ColumnWriter<'_>, column: &ColumnDescriptor, rows: std::ops::Range<i64>) {
    let entries: Vec<(i64, (i16, i16))> =
        rows.flat_map(|row| levels(column, row).into_iter().map(move |level| (row, level))).collect();
    let repetition: Vec<i16> = entries.iter().map(|(_, level)| level.0).collect();
    let definition: Vec<i16> = entries.iter().map(|(_, level)| level.1).collect();
    let present = entries.iter().enumerate().filter(|(_, (_, level))| level.1 == column.max_def_level());
    let numbers: Vec<i64> =
        present.map(|(place, (row, _))| row + place as i64 % 3 * i64::from(column.max_rep_level())).collect();
    macro_rules! write {
        ($writer:expr, $value:expr) => {
            $writer
                .write_batch(&numbers.iter().map($value).collect::<Vec<_>>(), Some(&definition), Some(&repetition))
                .unwrap()
        };
    }
    let is_text = column.converted_type() == ConvertedType::UTF8;
    match writer {
        ColumnWriter::BoolColumnWriter(writer) => write!(writer, |n| n % 3 == 0),
        ColumnWriter::Int32ColumnWriter(writer) => write!(writer, |n| *n as i32 - 500),
        ColumnWriter::Int64ColumnWriter(writer) => write!(writer, |n| *n),
        ColumnWriter::Int96ColumnWriter(writer) => write!(writer, |n| moment(*n)),
        ColumnWriter::FloatColumnWriter(writer) => write!(writer, |n| *n as f32 / 8.0),
        ColumnWriter::DoubleColumnWriter(writer) => write!(writer, |n| *n as f64 / 8.0),
        ColumnWriter::ByteArrayColumnWriter(writer) if is_text => {
            write!(writer, |n| ByteArray::from(format!("name {}", n % 17).into_bytes()))
        }
        ColumnWriter::ByteArrayColumnWriter(writer) => {
            write!(writer, |n| ByteArray::from(shortest(n * 7_777 - 1_000_000)))
        }
        ColumnWriter::FixedLenByteArrayColumnWriter(writer) => {
            assert_eq!(column.physical_type(), Type::FIXED_LEN_BYTE_ARRAY);
            write!(writer, |n| FixedLenByteArray::from(ByteArray::from(
                i128::from(n * -99_991).to_be_bytes()[7..].to_vec()
            )))
        }
    };
}

/// 26 January 2026 and `hours` on, as nanoseconds of a Julian day.
fn moment(hours: i64) -> Int96 {
    let nanoseconds = hours % 24 * 3_600_000_000_000 + 123_456_789;
    let day = 2_461_067 + hours / 24;
    let mut value = Int96::new();
    value.set_data(nanoseconds as u32, (nanoseconds >> 32) as u32, day as u32);
    value
}

/// The fewest bytes of a big-endian two's complement number, as Hive writes decimals.
fn shortest(number: i64) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    let spare = |place: &usize| {
        let (byte, next) = (bytes[*place], bytes[*place + 1]);
        (byte == 0 && next < 0x80) || (byte == 0xFF && next >= 0x80)
    };
    bytes[(0..7).take_while(spare).count()..].to_vec()
}

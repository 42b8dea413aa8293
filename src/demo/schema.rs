//! The tables' schemas and who wrote their files. The files are written here, but they carry the footers that Spark and
//! Hive leave, since those decide which files may share an output.

use std::sync::Arc;

use parquet::basic::Compression;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::TypePtr;

use crate::error::{Code, Error, Result};

const SPARK: &str = "parquet-mr version 1.13.1 (build db4183109d5b734ec5930d870cdae161e408ddba)";
const HIVE: &str = "parquet-mr version 1.10.1 (build a89df8f9932b6ef6633d06069e50c9b7970bebd1)";

/// Which program's files these look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// `part-00000-UUID-c000.snappy.parquet`, with Spark's footer keys.
    Spark,
    /// `000000_0`, with Hive's.
    Hive,
}

/// How the files of one schema are written.
#[derive(Clone, Debug)]
pub struct Schema {
    /// The physical schema.
    pub message: TypePtr,
    /// Codec, footer keys, created_by.
    pub properties: WriterPropertiesPtr,
}

impl Schema {
    /// Reads a message type; `spark_fields` are (name, type) in Spark's words for its footer key.
    pub fn new(message: &str, style: Style, spark_fields: &[(&str, &str)]) -> Result<Schema> {
        let message = parse_message_type(message)
            .map_err(|error| Error::new(Code::Internal, "a schema of the demo lake cannot be read").source(error))?;
        let properties = match style {
            Style::Spark => {
                WriterProperties::builder().set_created_by(SPARK.to_owned()).set_key_value_metadata(Some(vec![
                    pair("org.apache.spark.version", "3.5.1"),
                    pair("org.apache.spark.sql.parquet.row.metadata", &row_metadata(spark_fields)),
                ]))
            }
            Style::Hive => WriterProperties::builder()
                .set_created_by(HIVE.to_owned())
                .set_key_value_metadata(Some(vec![
                    pair("writer.date.proleptic", "false"),
                    pair("writer.time.zone", "Europe/Berlin"),
                    pair("writer.model.name", "4.0.0"),
                ]))
                .set_statistics_enabled(EnabledStatistics::Chunk)
                .set_offset_index_disabled(true),
        };
        let properties = Arc::new(properties.set_compression(Compression::SNAPPY).build());
        Ok(Schema { message: Arc::new(message), properties })
    }
}

fn pair(key: &str, value: &str) -> KeyValue {
    KeyValue::new(key.to_owned(), value.to_owned())
}

fn row_metadata(fields: &[(&str, &str)]) -> String {
    let fields: Vec<serde_json::Value> = fields
        .iter()
        .map(|(name, kind)| serde_json::json!({"name": name, "type": kind, "nullable": true, "metadata": {}}))
        .collect();
    serde_json::json!({"type": "struct", "fields": fields}).to_string()
}

/// The schemas of the demo lake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Orders, and what else is sold.
    Sales,
    /// The same before the column `channel` was added.
    SalesBefore,
    /// Clicks and sessions.
    Web,
    /// Bookings.
    Ledger,
    /// Payments: INT96, decimals of every physical type, lists (today's and Hive's old one), a map.
    Payments,
}

impl Kind {
    /// Every schema.
    pub const ALL: [Kind; 5] = [Kind::Sales, Kind::SalesBefore, Kind::Web, Kind::Ledger, Kind::Payments];

    /// Which program's files they look like.
    pub fn style(self) -> Style {
        if self == Kind::Payments { Style::Hive } else { Style::Spark }
    }

    /// The schema.
    pub fn schema(self) -> Result<Schema> {
        match self {
            Kind::Sales => Schema::new(SALES, self.style(), &SALES_FIELDS),
            Kind::SalesBefore => Schema::new(SALES_BEFORE, self.style(), &SALES_FIELDS[..7]),
            Kind::Web => Schema::new(WEB, self.style(), &WEB_FIELDS),
            Kind::Ledger => Schema::new(LEDGER, self.style(), &LEDGER_FIELDS),
            Kind::Payments => Schema::new(PAYMENTS, self.style(), &[]),
        }
    }
}

const SALES: &str = "message spark_schema {
  optional int64 order_id;
  optional int64 customer_id;
  optional binary product (STRING);
  optional int32 quantity;
  optional int64 price (DECIMAL(12,2));
  optional int64 ordered_at (TIMESTAMP_MICROS);
  optional binary note (STRING);
  optional binary channel (STRING);
}";
const SALES_BEFORE: &str = "message spark_schema {
  optional int64 order_id;
  optional int64 customer_id;
  optional binary product (STRING);
  optional int32 quantity;
  optional int64 price (DECIMAL(12,2));
  optional int64 ordered_at (TIMESTAMP_MICROS);
  optional binary note (STRING);
}";
const SALES_FIELDS: [(&str, &str); 8] = [
    ("order_id", "long"),
    ("customer_id", "long"),
    ("product", "string"),
    ("quantity", "integer"),
    ("price", "decimal(12,2)"),
    ("ordered_at", "timestamp"),
    ("note", "string"),
    ("channel", "string"),
];
const WEB: &str = "message spark_schema {
  optional int64 event_id;
  optional binary session (STRING);
  optional binary page (STRING);
  optional int64 seen_at (TIMESTAMP_MICROS);
  optional double duration;
  optional boolean mobile;
  optional binary note (STRING);
}";
const WEB_FIELDS: [(&str, &str); 7] = [
    ("event_id", "long"),
    ("session", "string"),
    ("page", "string"),
    ("seen_at", "timestamp"),
    ("duration", "double"),
    ("mobile", "boolean"),
    ("note", "string"),
];
const LEDGER: &str = "message spark_schema {
  optional int64 booking_id;
  optional int32 booked_on (DATE);
  optional int32 account;
  optional int64 amount (DECIMAL(15,2));
  optional binary currency (STRING);
  optional binary text (STRING);
}";
const LEDGER_FIELDS: [(&str, &str); 6] = [
    ("booking_id", "long"),
    ("booked_on", "date"),
    ("account", "integer"),
    ("amount", "decimal(15,2)"),
    ("currency", "string"),
    ("text", "string"),
];
const PAYMENTS: &str = "message hive_schema {
  optional int64 payment_id;
  optional int96 paid_at;
  optional int32 fee (DECIMAL(7,2));
  optional int64 amount (DECIMAL(16,4));
  optional fixed_len_byte_array(12) total (DECIMAL(27,6));
  optional binary rate (DECIMAL(38,10));
  optional float risk;
  optional group items (LIST) {
    repeated group list {
      optional group element {
        optional binary product (STRING);
        optional int32 quantity;
      }
    }
  }
  optional group codes (LIST) {
    repeated group bag {
      optional int32 array_element;
    }
  }
  optional group labels (MAP) {
    repeated group key_value {
      required binary key (STRING);
      optional binary value (STRING);
    }
  }
}";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_can_be_read() {
        for kind in Kind::ALL {
            let schema = kind.schema().unwrap();
            assert!(schema.message.get_fields().len() >= 6, "{kind:?}");
        }
    }
}

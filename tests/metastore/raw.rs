//! A client that makes what the catalog only reads: one connection, one call after another.

use std::io::{Read, Write};
use std::net::TcpStream;

use bytes::Bytes;
use lakehand::catalog::thrift::{Extent, Reply, Struct, Value, call, read_reply};

use crate::cluster::Metastore;

pub struct Raw {
    stream: TcpStream,
    sequence: i32,
}

/// What a table is made of; all else is as Hive has it by default.
#[derive(Clone, Debug)]
pub struct Made {
    pub database: String,
    pub name: String,
    pub location: Option<String>,
    pub kind: &'static str,
    pub keys: Vec<(&'static str, &'static str)>,
    pub parameters: Vec<(String, String)>,
    pub storage: Struct,
}

pub const PARQUET: [&str; 3] = [
    "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
];
pub const ORC: [&str; 3] = [
    "org.apache.hadoop.hive.ql.io.orc.OrcInputFormat",
    "org.apache.hadoop.hive.ql.io.orc.OrcOutputFormat",
    "org.apache.hadoop.hive.ql.io.orc.OrcSerde",
];

fn column(name: &str, of: &str) -> Struct {
    Struct::new().with(1, Value::text(name)).with(2, Value::text(of))
}

/// A storage descriptor; `more` replaces fields.
pub fn storage(location: Option<&str>, format: [&str; 3], more: Vec<(i16, Value)>) -> Struct {
    let serde = Struct::new()
        .with(1, Value::text(""))
        .with(2, Value::text(format[2]))
        .with(3, Value::text_map([("serialization.format", "1")]));
    let mut storage = Struct::new().with(1, Value::structs([column("id", "bigint"), column("name", "string")]));
    if let Some(location) = location {
        storage = storage.with(2, Value::text(location));
    }
    let mut storage = storage
        .with(3, Value::text(format[0]))
        .with(4, Value::text(format[1]))
        .with(5, Value::Bool(false))
        .with(6, Value::I32(-1))
        .with(7, Value::Struct(serde))
        .with(8, Value::texts(Vec::<String>::new()))
        .with(9, Value::structs([]))
        .with(10, Value::text_map([]));
    for (id, value) in more {
        match storage.get_mut(id) {
            Some(old) => *old = value,
            None => storage = storage.with(id, value),
        }
    }
    storage
}

impl Made {
    /// An external Parquet table.
    pub fn external(database: &str, name: &str, location: &str) -> Made {
        Made {
            database: database.to_owned(),
            name: name.to_owned(),
            location: Some(location.to_owned()),
            kind: "EXTERNAL_TABLE",
            keys: Vec::new(),
            parameters: vec![("EXTERNAL".to_owned(), "TRUE".to_owned())],
            storage: storage(Some(location), PARQUET, Vec::new()),
        }
    }

    #[must_use]
    pub fn keys(mut self, keys: &[(&'static str, &'static str)]) -> Made {
        self.keys = keys.to_vec();
        self
    }

    #[must_use]
    pub fn parameter(mut self, key: &str, value: &str) -> Made {
        self.parameters.push((key.to_owned(), value.to_owned()));
        self
    }

    #[must_use]
    pub fn kind(mut self, kind: &'static str) -> Made {
        self.kind = kind;
        self.parameters.retain(|(key, _)| key != "EXTERNAL");
        self
    }

    #[must_use]
    pub fn stored(mut self, more: Vec<(i16, Value)>) -> Made {
        self.storage = storage(self.location.as_deref(), PARQUET, more);
        self
    }

    pub fn fields(&self) -> Struct {
        let parameters = self.parameters.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let fields = Struct::new()
            .with(1, Value::text(&self.name))
            .with(2, Value::text(&self.database))
            .with(3, Value::text("alice"))
            .with(4, Value::I32(0))
            .with(5, Value::I32(0))
            .with(6, Value::I32(0))
            .with(7, Value::Struct(self.storage.clone()))
            .with(8, Value::structs(self.keys.iter().map(|(name, of)| column(name, of))))
            .with(9, Value::text_map(parameters))
            .with(12, Value::text(self.kind));
        if self.kind.contains("VIEW") {
            fields.with(10, Value::text("select 1")).with(11, Value::text("select 1"))
        } else {
            fields
        }
    }
}

impl Raw {
    pub fn to(metastore: &Metastore) -> Raw {
        let stream = TcpStream::connect(("127.0.0.1", metastore.port())).unwrap();
        Raw { stream, sequence: 0 }
    }

    /// What the method returned; what it threw is an error.
    pub fn try_call(&mut self, method: &str, arguments: Struct) -> Result<Option<Value>, String> {
        self.sequence += 1;
        self.stream.write_all(&call(method, self.sequence, &arguments)).unwrap();
        let (mut extent, mut arrived) = (Extent::default(), Vec::new());
        loop {
            if let Some(end) = extent.end(&arrived).unwrap() {
                assert_eq!(end, arrived.len());
                break;
            }
            let mut chunk = [0; 65_536];
            let count = self.stream.read(&mut chunk).unwrap();
            assert!(count > 0, "{method}: closed");
            arrived.extend_from_slice(&chunk[..count]);
        }
        match read_reply(&Bytes::from(arrived), self.sequence).unwrap() {
            Reply::Result(fields) => match fields.0.into_iter().next() {
                None => Ok(None),
                Some((0, value)) => Ok(Some(value)),
                Some((_, thrown)) => Err(format!("{thrown:?}")),
            },
            Reply::Failure { message, .. } => Err(message),
        }
    }

    pub fn call(&mut self, method: &str, arguments: Struct) -> Option<Value> {
        self.try_call(method, arguments).unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    pub fn database(&mut self, name: &str, location: &str) {
        let database = Struct::new()
            .with(1, Value::text(name))
            .with(2, Value::text(""))
            .with(3, Value::text(location))
            .with(4, Value::text_map([]));
        self.call("create_database", Struct::new().with(1, Value::Struct(database)));
    }

    pub fn table(&mut self, made: &Made) {
        self.call("create_table", Struct::new().with(1, Value::Struct(made.fields())));
    }

    pub fn try_table(&mut self, made: &Made) -> Result<(), String> {
        self.try_call("create_table", Struct::new().with(1, Value::Struct(made.fields()))).map(drop)
    }

    /// A partition at a location of its own, or at its place below the table.
    pub fn partition(&mut self, table: &Made, values: &[&str], location: &str, format: [&str; 3]) {
        self.call("add_partition", Struct::new().with(1, Value::Struct(partition(table, values, location, format))));
    }

    /// Many at once.
    pub fn partitions(&mut self, table: &Made, partitions: impl IntoIterator<Item = (Vec<String>, String)>) {
        let made = partitions.into_iter().map(|(values, location)| {
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            partition(table, &values, &location, PARQUET)
        });
        self.call("add_partitions", Struct::new().with(1, Value::structs(made)));
    }

    /// A table or partition as the server has it, every field.
    pub fn get(&mut self, database: &str, table: &str, partition: Option<&str>) -> Struct {
        match partition {
            Some(name) => {
                let arguments = Struct::new()
                    .with(1, Value::text(database))
                    .with(2, Value::text(table))
                    .with(3, Value::texts([name]));
                let found = self.call("get_partitions_by_names", arguments).unwrap();
                found.as_list().unwrap()[0].as_struct().unwrap().clone()
            }
            None => {
                let request = Struct::new().with(1, Value::text(database)).with(2, Value::text(table));
                let found = self.call("get_table_req", Struct::new().with(1, Value::Struct(request))).unwrap();
                found.as_struct().unwrap().fields(1).unwrap().clone()
            }
        }
    }

    pub fn lock(&mut self, database: &str, table: &str, kind: i32) {
        let part = Struct::new()
            .with(1, Value::I32(kind))
            .with(2, Value::I32(if kind == 3 { 2 } else { 1 }))
            .with(3, Value::text(database))
            .with(4, Value::text(table));
        let request =
            Struct::new().with(1, Value::structs([part])).with(3, Value::text("bob")).with(4, Value::text("gw07"));
        let answer = self.call("lock", Struct::new().with(1, Value::Struct(request))).unwrap();
        assert_eq!(answer.as_struct().unwrap().number(2), Some(1), "{answer:?}");
    }
}

pub fn partition(table: &Made, values: &[&str], location: &str, format: [&str; 3]) -> Struct {
    Struct::new()
        .with(1, Value::texts(values.iter().copied()))
        .with(2, Value::text(&table.database))
        .with(3, Value::text(&table.name))
        .with(4, Value::I32(0))
        .with(5, Value::I32(0))
        .with(6, Value::Struct(storage(Some(location), format, Vec::new())))
        .with(7, Value::text_map([]))
}

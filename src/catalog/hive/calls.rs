//! The calls that are made, for every version: the one that most have first, then what others have instead.
//!
//! The numbers of fields are the metastore's (hive_metastore.thrift). `set_ugi` is in `connection`.

use super::client::Thrown::{NotThere, Refused};
use super::client::{Answer, Client, Method, Taken, refused};
use super::thrift::{Struct, Texts, Value};
use crate::error::{Code, Error, Result};

const ALL_DATABASES: Method = Method { name: "get_all_databases", throws: &[(1, Refused)] };
const ALL_TABLES: Method = Method { name: "get_all_tables", throws: &[(1, Refused)] };
const TABLE: Method = Method { name: "get_table_req", throws: &[(1, Refused), (2, NotThere)] };
const TABLE_OLD: Method = Method { name: "get_table", throws: &[(1, Refused), (2, NotThere)] };
const TABLES: Method =
    Method { name: "get_table_objects_by_name_req", throws: &[(1, Refused), (2, Refused), (3, NotThere)] };
const TABLES_OLD: Method =
    Method { name: "get_table_objects_by_name", throws: &[(1, Refused), (2, Refused), (3, NotThere)] };
const PARTITION_NAMES: Method = Method { name: "get_partition_names", throws: &[(1, NotThere), (2, Refused)] };
const PARTITION_NAMES_LIKE: Method = Method { name: "get_partition_names_ps", throws: &[(1, Refused), (2, NotThere)] };
const PARTITIONS: Method = Method { name: "get_partitions_by_names", throws: &[(1, Refused), (2, NotThere)] };
const PARTITION_COUNT: Method = Method { name: "get_num_partitions_by_filter", throws: &[(1, Refused), (2, NotThere)] };
const CONFIG_VALUE: Method = Method { name: "get_config_value", throws: &[(1, Refused)] };
const LOCKS: Method = Method { name: "show_locks", throws: &[] };
const ALTER_TABLE: Method =
    Method { name: "alter_table_with_environment_context", throws: &[(1, Refused), (2, Refused)] };
const ALTER_PARTITIONS: Method =
    Method { name: "alter_partitions_with_environment_context", throws: &[(1, Refused), (2, Refused)] };
const EVENT: Method = Method { name: "fire_listener_event", throws: &[] };

/// ClientCapability.INSERT_ONLY_TABLES: without it one such table makes the whole call fail.
const INSERT_ONLY_TABLES: i32 = 2;

/// A lock that somebody holds or waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lock {
    /// The partition, where it is on one.
    pub(super) partition: Option<String>,
    /// 1 shared read, 2 shared write, 3 exclusive, 4 exclusive write.
    pub(super) kind: i64,
    /// Held, not waited for.
    pub(super) held: bool,
    /// Who.
    pub(super) user: String,
    /// From where.
    pub(super) host: String,
}

impl Client {
    /// The names of the databases.
    pub(super) async fn databases(&self) -> Result<Vec<String>> {
        all(returned(ALL_DATABASES, self.ask_texts(ALL_DATABASES, &Struct::new()).await?)?)
    }

    /// The names of a database's tables; nothing where it is not there.
    pub(super) async fn tables(&self, database: &str) -> Result<Vec<String>> {
        let arguments = Struct::new().with(1, Value::text(database));
        all(returned(ALL_TABLES, self.ask_texts(ALL_TABLES, &arguments).await?)?)
    }

    /// A table; none where it is not there.
    pub(super) async fn table(&self, database: &str, table: &str) -> Result<Option<Struct>> {
        match self.ask(TABLE, &table_request(database, table)).await? {
            Answer::NoSuchMethod => {
                let arguments = Struct::new().with(1, Value::text(database)).with(2, Value::text(table));
                one(TABLE_OLD, self.ask(TABLE_OLD, &arguments).await?)
            }
            answer => Ok(one(TABLE, answer)?.and_then(|result| struct_field(result, 1))),
        }
    }

    /// Some tables of a database; those that are not there are left out.
    pub(super) async fn table_objects(&self, database: &str, names: &[String]) -> Result<Vec<Struct>> {
        let request = Struct::new()
            .with(1, Value::text(database))
            .with(2, Value::texts(names.iter().cloned()))
            .with(3, capabilities());
        let found = match self.ask(TABLES, &Struct::new().with(1, Value::Struct(request))).await? {
            Answer::NoSuchMethod => {
                let arguments =
                    Struct::new().with(1, Value::text(database)).with(2, Value::texts(names.iter().cloned()));
                some(TABLES_OLD, self.ask(TABLES_OLD, &arguments).await?)?
            }
            answer => one(TABLES, answer)?.and_then(|mut result| {
                let at = result.0.iter().position(|(id, _)| *id == 1)?;
                Some(result.0.swap_remove(at).1)
            }),
        };
        Ok(structs(found))
    }

    /// The names of a table's partitions, all or those whose first values are these.
    pub(super) async fn partition_names(&self, database: &str, table: &str, first: &[String]) -> Result<Option<Texts>> {
        let arguments = Struct::new().with(1, Value::text(database)).with(2, Value::text(table));
        let (method, arguments) = if first.is_empty() {
            (PARTITION_NAMES, arguments.with(3, Value::I16(-1)))
        } else {
            let arguments = arguments.with(3, Value::texts(first.iter().cloned())).with(4, Value::I16(-1));
            (PARTITION_NAMES_LIKE, arguments)
        };
        match self.ask_texts(method, &arguments).await? {
            Answer::Threw(NotThere, _) => Ok(None),
            answer => returned(method, answer).map(Some),
        }
    }

    /// How many partitions a table has; none where the server does not count them.
    pub(super) async fn partition_count(&self, database: &str, table: &str) -> Result<Option<usize>> {
        let arguments =
            Struct::new().with(1, Value::text(database)).with(2, Value::text(table)).with(3, Value::text(""));
        match self.ask(PARTITION_COUNT, &arguments).await? {
            Answer::Returned(Some(Value::I32(count))) => Ok(usize::try_from(count).ok()),
            _ => Ok(None),
        }
    }

    /// Some partitions by their names; those that are not there are left out.
    pub(super) async fn partitions(&self, database: &str, table: &str, names: &[String]) -> Result<Vec<Struct>> {
        let answer = self.ask(PARTITIONS, &partitions_request(database, table, names)).await?;
        Ok(structs(some(PARTITIONS, answer)?))
    }

    /// A setting of the server; none where it does not tell.
    pub(super) async fn setting(&self, name: &str) -> Result<Option<String>> {
        let arguments = Struct::new().with(1, Value::text(name)).with(2, Value::text(""));
        match self.ask(CONFIG_VALUE, &arguments).await? {
            Answer::Returned(value) => {
                Ok(value.and_then(|value| value.as_text().map(str::to_owned)).filter(|text| !text.is_empty()))
            }
            _ => Ok(None),
        }
    }

    /// The locks on a table and its partitions, held and waited for.
    pub(super) async fn locks(&self, database: &str, table: &str) -> Result<Vec<Lock>> {
        let request = Struct::new().with(1, Value::text(database)).with(2, Value::text(table));
        let answer = self.ask(LOCKS, &Struct::new().with(1, Value::Struct(request))).await?;
        let Some(response) = one(LOCKS, answer)? else { return Ok(Vec::new()) };
        let found = response.list(1).iter().filter_map(Value::as_struct);
        // Old servers answer with every lock that there is.
        let ours = found.filter(|lock| {
            let is = |id: i16, name: &str| lock.text(id).is_some_and(|text| text.eq_ignore_ascii_case(name));
            is(2, database) && is(3, table)
        });
        Ok(ours.map(lock).collect())
    }
}

impl Taken<'_> {
    /// A table, on this connection.
    pub(super) async fn table(&mut self, database: &str, table: &str) -> Result<Option<Struct>> {
        match self.call(TABLE, &table_request(database, table)).await? {
            Answer::NoSuchMethod => {
                let arguments = Struct::new().with(1, Value::text(database)).with(2, Value::text(table));
                one(TABLE_OLD, self.call(TABLE_OLD, &arguments).await?)
            }
            answer => Ok(one(TABLE, answer)?.and_then(|result| struct_field(result, 1))),
        }
    }

    /// A partition by its name, on this connection.
    pub(super) async fn partition(&mut self, database: &str, table: &str, name: &str) -> Result<Option<Struct>> {
        let names = [name.to_owned()];
        let answer = self.call(PARTITIONS, &partitions_request(database, table, &names)).await?;
        Ok(structs(some(PARTITIONS, answer)?).into_iter().next())
    }

    /// Writes a table as it is given, its statistics too. Never repeated.
    pub(super) async fn alter_table(&mut self, database: &str, table: &str, changed: Struct) -> Result<()> {
        let arguments = Struct::new()
            .with(1, Value::text(database))
            .with(2, Value::text(table))
            .with(3, Value::Struct(changed))
            .with(4, as_given());
        done(ALTER_TABLE, self.call(ALTER_TABLE, &arguments).await?)
    }

    /// Writes a partition as it is given, its statistics too. Never repeated.
    pub(super) async fn alter_partition(&mut self, database: &str, table: &str, changed: Struct) -> Result<()> {
        let arguments = Struct::new()
            .with(1, Value::text(database))
            .with(2, Value::text(table))
            .with(3, Value::structs([changed]))
            .with(4, as_given());
        done(ALTER_PARTITIONS, self.call(ALTER_PARTITIONS, &arguments).await?)
    }

    /// Tells those who poll events that files of a table or partition changed. Since version 3 a field is before the
    /// list of files; the list must be there, and may be empty, as must that of their checksums.
    pub(super) async fn insert_event(
        &mut self,
        database: &str,
        table: &str,
        values: Option<&[Value]>,
        since_3: bool,
    ) -> Result<()> {
        let nothing = || Value::texts(Vec::<String>::new());
        let insert = if since_3 {
            Struct::new().with(1, Value::Bool(false)).with(2, nothing()).with(3, nothing())
        } else {
            Struct::new().with(1, nothing()).with(2, nothing())
        };
        let mut request = Struct::new()
            .with(1, Value::Bool(true))
            .with(2, Value::Struct(Struct::new().with(1, Value::Struct(insert))))
            .with(3, Value::text(database))
            .with(4, Value::text(table));
        if let Some(values) = values {
            request = request.with(5, Value::texts(values.iter().filter_map(Value::as_text)));
        }
        done(EVENT, self.call(EVENT, &Struct::new().with(1, Value::Struct(request))).await?)
    }
}

fn capabilities() -> Value {
    Value::Struct(Struct::new().with(1, Value::numbers([INSERT_ONLY_TABLES])))
}

fn table_request(database: &str, table: &str) -> Struct {
    let request = Struct::new().with(1, Value::text(database)).with(2, Value::text(table)).with(3, capabilities());
    Struct::new().with(1, Value::Struct(request))
}

fn partitions_request(database: &str, table: &str, names: &[String]) -> Struct {
    Struct::new()
        .with(1, Value::text(database))
        .with(2, Value::text(table))
        .with(3, Value::texts(names.iter().cloned()))
}

/// EnvironmentContext: the server takes the statistics as they are sent and touches no file.
fn as_given() -> Value {
    Value::Struct(Struct::new().with(1, Value::text_map([("DO_NOT_UPDATE_STATS", "true")])))
}

fn lock(fields: &Struct) -> Lock {
    Lock {
        partition: fields.text(4).filter(|name| !name.is_empty()).map(str::to_owned),
        kind: fields.number(6).unwrap_or_default(),
        held: fields.number(5) == Some(1),
        user: fields.text(10).unwrap_or_default().to_owned(),
        host: fields.text(11).unwrap_or_default().to_owned(),
    }
}

/// What was returned; everything else is an error.
fn returned<T>(method: Method, answer: Answer<T>) -> Result<T> {
    match answer {
        Answer::Returned(value) => Ok(value),
        Answer::Threw(NotThere, message) => Err(refused(method, &message).with_code(Code::NotFound)),
        Answer::Threw(Refused, message) => Err(refused(method, &message)),
        Answer::NoSuchMethod => Err(Error::new(Code::Metastore, format!("the metastore has no {}", method.name))
            .why("its version is not known here")),
    }
}

/// A value; none where it is not there.
fn some(method: Method, answer: Answer<Option<Value>>) -> Result<Option<Value>> {
    match answer {
        Answer::Threw(NotThere, _) => Ok(None),
        answer => returned(method, answer),
    }
}

/// A struct; none where it is not there.
fn one(method: Method, answer: Answer<Option<Value>>) -> Result<Option<Struct>> {
    match some(method, answer)? {
        None => Ok(None),
        Some(Value::Struct(fields)) => Ok(Some(fields)),
        Some(_) => Err(Error::new(Code::Metastore, format!("{} returned something else", method.name))),
    }
}

fn done(method: Method, answer: Answer<Option<Value>>) -> Result<()> {
    returned(method, answer).map(drop)
}

fn all(mut texts: Texts) -> Result<Vec<String>> {
    let mut names = Vec::with_capacity(texts.left().min(10_000));
    while let Some(name) = texts.next_text()? {
        names.push(name);
    }
    Ok(names)
}

fn struct_field(mut of: Struct, id: i16) -> Option<Struct> {
    let at = of.0.iter().position(|(field, _)| *field == id)?;
    match of.0.swap_remove(at).1 {
        Value::Struct(fields) => Some(fields),
        _ => None,
    }
}

fn structs(value: Option<Value>) -> Vec<Struct> {
    let Some(Value::List(_, items)) = value else { return Vec::new() };
    let as_struct = |item| match item {
        Value::Struct(fields) => Some(fields),
        _ => None,
    };
    items.into_iter().filter_map(as_struct).collect()
}

//! The location graph: whether another table or partition has its files where a target has, inside or above it.
//!
//! Decisions:
//! - A partition that lies below its table's directory, under its own name, is where nobody else's can be but by
//!   leaving its place; so only the others (strays) are kept. A million partitions cost a pass over them, no memory.
//! - Partitions of other tables: those below their own table are covered by that table's directory; strays are looked
//!   for in the tables with at most [`OTHERS`] partitions, the small ones first, until [`IN_ALL`] were read. Tables that
//!   were not looked at are told (the plan names them); a stray of one is found when it is worked on itself.
//! - Names and partitions are read page by page; of a million partitions what is held is their names, once, as they
//!   arrived.
//! - A graph is kept for some minutes: each target of a run asks. The target's own facts are always read anew.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{StreamExt, TryStreamExt, stream};
use tokio::sync::Mutex;

use super::HiveCatalog;
use super::facts::{Known, place_of_partition, read_table};
use super::pages::{Names, page_size};
use crate::error::{Code, Error, Reason, Result};
use crate::model::{StorePath, TableName, TargetId, clean};

/// How long a graph is believed.
const KEPT: Duration = Duration::from_secs(300);
/// Calls at a time.
const AT_A_TIME: usize = 4;
/// Tables of a call.
const TABLES: usize = 100;
/// Tables with more partitions are not searched for strays on another table's behalf.
const OTHERS: usize = 50_000;
/// Partitions that are read for that in all.
const IN_ALL: usize = 200_000;

/// Who has files where. The names are those of targets; a table's own directory has the table's.
#[derive(Debug, Default)]
pub(super) struct Graph {
    places: BTreeMap<String, Vec<TargetId>>,
    /// Tables whose partitions were not looked at.
    unseen: Vec<TableName>,
}

impl Graph {
    fn add(&mut self, location: &StorePath, id: TargetId) {
        self.places.entry(location.as_str().to_owned()).or_default().push(id);
    }

    /// The first that has the same location, one above or one inside, of those that `is_other`.
    fn overlap(&self, location: &StorePath, is_other: impl Fn(&TargetId) -> bool) -> Option<Reason> {
        let other = |ids: &Vec<TargetId>| ids.iter().find(|id| is_other(id)).cloned();
        let reason = |how: &str, id: &TargetId, at: &str| {
            Some(Reason::new(Code::SharedLocation, format!("{} has {how}: {}", clean(&id.to_string()), clean(at))))
        };
        if let Some(id) = self.places.get(location.as_str()).and_then(other) {
            return reason("the same location", &id, location.as_str());
        }
        let mut above = location.parent();
        while let Some(directory) = above {
            if let Some(id) = self.places.get(directory.as_str()).and_then(other) {
                return reason("a location above it", &id, directory.as_str());
            }
            above = directory.parent();
        }
        let inside = format!("{}/", location.as_str());
        let found = self.places.range(inside.clone()..).take_while(|(place, _)| place.starts_with(&inside));
        let (place, id) = found.filter_map(|(place, ids)| Some((place, other(ids)?))).next()?;
        reason("a location inside it", &id, place)
    }
}

/// The graphs that were made.
#[derive(Debug)]
pub(super) struct Graphs {
    others: usize,
    in_all: usize,
    /// Of all tables, with the strays of other tables.
    tables: Mutex<Option<(Instant, Arc<Graph>)>>,
    /// Of the strays of single tables, by name.
    strays: Mutex<BTreeMap<TableName, (Instant, Arc<Graph>)>>,
}

impl Default for Graphs {
    fn default() -> Graphs {
        Graphs::within(OTHERS, IN_ALL)
    }
}

impl Graphs {
    /// None yet. Strays are looked for in other tables of so many partitions, and in so many in all.
    pub(super) fn within(others: usize, in_all: usize) -> Graphs {
        Graphs { others, in_all, tables: Mutex::default(), strays: Mutex::default() }
    }
}

impl HiveCatalog {
    /// Why a target's location is not its own alone.
    pub(super) async fn overlaps(&self, known: &Known, id: &TargetId, location: &StorePath) -> Result<Vec<Reason>> {
        let name = id.table_name();
        let tables = self.table_graph().await?;
        let mut reasons: Vec<Reason> =
            tables.overlap(location, |other| other.table_name() != name).into_iter().collect();
        if known.table.is_partitioned() {
            let strays = self.stray_graph(known).await?;
            reasons.extend(strays.overlap(location, |other| other != id));
        }
        Ok(reasons)
    }

    /// The tables that the graph of now does not have the strays of.
    pub(super) async fn unseen(&self) -> Vec<TableName> {
        let kept = self.graphs.tables.lock().await;
        kept.as_ref().map(|(_, graph)| graph.unseen.clone()).unwrap_or_default()
    }

    /// The directories of all tables, and the strays of those that are not too large.
    async fn table_graph(&self) -> Result<Arc<Graph>> {
        let mut kept = self.graphs.tables.lock().await;
        if let Some((made, graph)) = kept.as_ref().filter(|(made, _)| made.elapsed() < KEPT) {
            let _ = made;
            return Ok(Arc::clone(graph));
        }
        let mut graph = Graph::default();
        let mut partitioned = Vec::new();
        for database in self.client.databases().await? {
            let names = self.client.tables(&database).await?;
            let chunks: Vec<Vec<String>> = names.chunks(TABLES).map(<[String]>::to_vec).collect();
            let calls = chunks.into_iter().map(|names| self.tables_of(database.clone(), names));
            let found: Vec<Vec<Known>> = stream::iter(calls).buffer_unordered(AT_A_TIME).boxed().try_collect().await?;
            for known in found.into_iter().flatten() {
                if let Some(place) = &known.place {
                    graph.add(place, TargetId::new(&known.table.name, None));
                }
                if known.table.is_partitioned() {
                    partitioned.push(known);
                }
            }
        }
        let counts = partitioned.into_iter().map(|known| async move {
            let count = self.client.partition_count(&known.table.name.database, &known.table.name.table).await?;
            Ok::<_, Error>((count, known))
        });
        let mut counted: Vec<(Option<usize>, Known)> =
            stream::iter(counts).buffer_unordered(AT_A_TIME).boxed().try_collect().await?;
        counted.sort_by(|(one, left), (other, right)| (one, &left.table.name).cmp(&(other, &right.table.name)));
        let mut left = self.graphs.in_all;
        for (count, known) in counted {
            let most = self.graphs.others.min(left);
            match count {
                Some(count) if count > most => graph.unseen.push(known.table.name),
                _ => match self.add_strays(&known, most, &mut graph).await? {
                    Some(read) => left = left.saturating_sub(read),
                    None => graph.unseen.push(known.table.name),
                },
            }
        }
        let graph = Arc::new(graph);
        *kept = Some((Instant::now(), Arc::clone(&graph)));
        Ok(graph)
    }

    async fn tables_of(&self, database: String, names: Vec<String>) -> Result<Vec<Known>> {
        let found = self.client.table_objects(&database, &names).await?;
        let table = |fields| read_table(&TableName::new(database.clone(), ""), fields, &self.ground);
        Ok(found.iter().map(table).collect())
    }

    /// A table's partitions that are not at their own place below it, and those whose place one of these takes.
    async fn stray_graph(&self, known: &Known) -> Result<Arc<Graph>> {
        let mut kept = self.graphs.strays.lock().await;
        kept.retain(|_, (made, _)| made.elapsed() < KEPT);
        if let Some((_, graph)) = kept.get(&known.table.name) {
            return Ok(Arc::clone(graph));
        }
        let mut graph = Graph::default();
        self.add_strays(known, usize::MAX, &mut graph).await?;
        let graph = Arc::new(graph);
        kept.insert(known.table.name.clone(), (Instant::now(), Arc::clone(&graph)));
        Ok(graph)
    }

    /// Those of some partitions that are not at their own place.
    async fn strays_of(&self, known: &Known, names: &[String]) -> Result<Vec<(TargetId, StorePath)>> {
        let name = &known.table.name;
        let found = self.client.partitions(&name.database, &name.table, names).await?;
        let placed = found.iter().filter_map(|fields| place_of_partition(known, fields, &self.ground));
        Ok(placed.filter(|(id, location)| place_of(known, id).as_ref() != Some(location)).collect())
    }

    /// Adds a table's strays, and how many partitions it has; none where it has more than `most`, which were not read.
    async fn add_strays(&self, known: &Known, most: usize, graph: &mut Graph) -> Result<Option<usize>> {
        let names = match self.names(known, None).await {
            Ok(names) if names.left() > most => return Ok(None),
            Ok(names) => names,
            Err(error) if error.code() == Code::TableNotFound => return Ok(Some(0)),
            Err(error) => return Err(error),
        };
        let count = names.left();
        let page = page_size(known, self.limit().await?);
        let calls = pages_of(names, page).map(|names| async move { self.strays_of(known, &names?).await });
        let mut calls = stream::iter(calls).buffer_unordered(AT_A_TIME).boxed();
        let mut strays = Graph::default();
        while let Some(page) = calls.try_next().await? {
            for (id, location) in page {
                strays.add(&location, id);
            }
        }
        drop(calls);
        if !strays.places.is_empty() {
            self.add_met(known, page, &strays, graph).await?;
        }
        for (place, ids) in strays.places {
            graph.places.entry(place).or_default().extend(ids);
        }
        Ok(Some(count))
    }

    /// Adds those of the others that have their place where a stray is: they count too.
    async fn add_met(&self, known: &Known, page: usize, strays: &Graph, graph: &mut Graph) -> Result<()> {
        for names in pages_of(self.names(known, None).await?, page) {
            for name in names? {
                let id = TargetId::new(&known.table.name, Some(name));
                let Some(place) = place_of(known, &id) else { return Ok(()) };
                if strays.overlap(&place, |other| *other != id).is_some() {
                    graph.add(&place, id);
                }
            }
        }
        Ok(())
    }
}

/// Names in pages, each read when it is asked for.
fn pages_of(mut names: Names, page: usize) -> impl Iterator<Item = Result<Vec<String>>> + Send {
    std::iter::from_fn(move || match names.next(page) {
        Ok(page) if page.is_empty() => None,
        page => Some(page),
    })
}

/// Where a partition is when nobody said otherwise.
fn place_of(known: &Known, id: &TargetId) -> Option<StorePath> {
    Some(known.place.as_ref()?.join_all(id.partition.as_deref().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> TargetId {
        match text.split_once('/') {
            Some((table, partition)) => TargetId::new(&TableName::new("d", table), Some(partition.to_owned())),
            None => TargetId::new(&TableName::new("d", text), None),
        }
    }

    #[test]
    fn the_same_above_and_inside_are_found() {
        let mut graph = Graph::default();
        for (place, who) in [("/l/a", "a"), ("/l/b", "b"), ("/l/a/x=1", "c/x=1"), ("/l/ab", "e")] {
            graph.add(&StorePath::new(place).unwrap(), id(who));
        }
        let found = |place: &str, who: &str| {
            let me = id(who).table_name();
            let reason = graph.overlap(&StorePath::new(place).unwrap(), |other| other.table_name() != me);
            reason.map(|reason| reason.text).unwrap_or_default()
        };
        assert_eq!(found("/l/b", "b"), "");
        assert_eq!(found("/l/ab", "e"), "");
        assert!(found("/l/b", "x").contains("d.b has the same location"));
        assert!(found("/l/b/y=1", "x").contains("d.b has a location above it"));
        assert!(found("/l/a", "a").contains("d.c x=1 has a location inside it"), "{}", found("/l/a", "a"));
        assert!(found("/l/a/x=1", "a").contains("the same location"));
        assert!(found("/l", "z").contains("inside it"));
    }
}

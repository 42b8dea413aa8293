//! A disk that loses its power: the lake as it was, what a process did to it, and what of that is on the disk at some
//! moment (PROTOCOL §9.9).
//!
//! A change of names is durable once every directory that it concerns was synced after it; until then it may be there
//! or not, each by itself, whatever was done before or after it. A rename is one change: the file systems that are
//! supported all see to that. What a file holds is durable when it was finished; before, it may be empty or cut.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use lakehand::model::StorePath;

use crate::fault::{Act, Recorded};
use crate::world::Draw;

type Number = usize;

/// A file or a directory.
#[derive(Clone, Debug)]
enum Node {
    Directory(BTreeMap<String, Number>),
    File(Content),
}

#[derive(Clone, Debug)]
struct Content {
    bytes: Bytes,
    /// Nanoseconds since 1970.
    modified: i64,
    mode: u32,
    /// The number of the call that made it durable; none for what was there before.
    finished: Option<usize>,
}

/// One end of a change: a name that comes to be in a directory, or ceases to.
#[derive(Clone, Debug)]
struct Link {
    directory: Number,
    name: String,
    node: Number,
}

/// A change of names, whole or not at all.
#[derive(Clone, Debug)]
struct Change {
    /// The place of its call among those recorded.
    at: usize,
    leaves: Option<Link>,
    comes: Option<Link>,
}

/// A lake's tree of before, and everything that was done to it since.
#[derive(Clone, Debug)]
pub struct Disk {
    root: StorePath,
    nodes: Vec<Node>,
    changes: Vec<Change>,
    /// By directory: the calls after which it was synced.
    syncs: BTreeMap<Number, Vec<usize>>,
    calls: usize,
}

/// What is on the disk at some moment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Found {
    Directory(BTreeMap<String, Found>),
    File { bytes: Bytes, modified: i64, mode: u32 },
}

impl Disk {
    /// The lake as it is.
    pub fn of(root: &StorePath) -> Disk {
        let mut disk =
            Disk { root: root.clone(), nodes: Vec::new(), changes: Vec::new(), syncs: BTreeMap::new(), calls: 0 };
        let found = Found::read(Path::new(root.as_str()));
        disk.add(&found);
        disk
    }

    fn add(&mut self, found: &Found) -> Number {
        let number = self.nodes.len();
        self.nodes.push(Node::Directory(BTreeMap::new()));
        self.nodes[number] = match found {
            Found::File { bytes, modified, mode } => {
                Node::File(Content { bytes: bytes.clone(), modified: *modified, mode: *mode, finished: None })
            }
            Found::Directory(entries) => {
                let entries = entries.iter().map(|(name, entry)| (name.clone(), self.add(entry))).collect();
                Node::Directory(entries)
            }
        };
        number
    }

    /// Takes in what a process did. Each path means what it meant then.
    pub fn record(&mut self, recorded: &[Recorded]) {
        let mut now = self.nodes.clone();
        let mut open: BTreeMap<StorePath, Number> = BTreeMap::new();
        for (at, call) in recorded.iter().enumerate().filter(|(_, call)| call.failed.is_none()) {
            match &call.act {
                Act::MakeDir { path, .. } => {
                    let node = self.new_node(&mut now, Node::Directory(BTreeMap::new()));
                    self.change(&mut now, at, None, Some((path, node)));
                }
                Act::Create { path } => {
                    let content = Content { bytes: Bytes::new(), modified: 0, mode: 0o600, finished: Some(usize::MAX) };
                    let node = self.new_node(&mut now, Node::File(content));
                    self.change(&mut now, at, None, Some((path, node)));
                    open.insert(path.clone(), node);
                }
                Act::Finish { path, content, attributes, modified } => {
                    let node = open.remove(path).unwrap();
                    let modified = modified.map_or(1_700_000_000_000_000_000, |modified| modified.0);
                    let content =
                        Content { bytes: content.clone(), modified, mode: attributes.mode, finished: Some(at) };
                    self.nodes[node] = Node::File(content);
                }
                Act::Rename { from, to } => {
                    let node = self.find(&now, from);
                    self.change(&mut now, at, Some((from, node)), Some((to, node)));
                }
                Act::RemoveFile { path } | Act::RemoveDir { path } => {
                    // Nothing may have been there.
                    if let Some(node) = self.seek(&now, path) {
                        self.change(&mut now, at, Some((path, node)), None);
                    }
                }
                Act::Sync { directories } => {
                    for directory in directories {
                        let node = self.find(&now, directory);
                        self.syncs.entry(node).or_default().push(at);
                    }
                }
                Act::Append { .. } | Act::Hold { .. } | Act::Look { .. } => {}
                Act::Trash { .. } | Act::SetModified { .. } => panic!("{} is no act on a local disk", call.act),
            }
        }
        self.calls = recorded.len();
    }

    fn new_node(&mut self, now: &mut Vec<Node>, node: Node) -> Number {
        now.push(node.clone());
        self.nodes.push(node);
        now.len() - 1
    }

    fn seek(&self, now: &[Node], path: &StorePath) -> Option<Number> {
        let below = path.below(&self.root).unwrap();
        below.split('/').filter(|part| !part.is_empty()).try_fold(0, |number, part| match &now[number] {
            Node::Directory(entries) => entries.get(part).copied(),
            Node::File(_) => None,
        })
    }

    fn find(&self, now: &[Node], path: &StorePath) -> Number {
        self.seek(now, path).unwrap_or_else(|| panic!("{path} is not there when it is acted on"))
    }

    fn change(
        &mut self,
        now: &mut [Node],
        at: usize,
        leaves: Option<(&StorePath, Number)>,
        comes: Option<(&StorePath, Number)>,
    ) {
        let link = |end: Option<(&StorePath, Number)>| {
            end.map(|(path, node)| {
                let directory = self.find(now, &path.parent().unwrap());
                Link { directory, name: path.name().to_owned(), node }
            })
        };
        let change = Change { at, leaves: link(leaves), comes: link(comes) };
        assert!(apply(now, &change), "{change:?}");
        self.changes.push(change);
    }

    /// The number of calls that were made.
    pub fn calls(&self) -> usize {
        self.calls
    }

    /// The changes before call `end` that need not be on the disk then.
    pub fn pending(&self, end: usize) -> usize {
        self.changes.iter().filter(|change| change.at < end && !self.is_durable(change, end)).count()
    }

    fn is_durable(&self, change: &Change, end: usize) -> bool {
        let synced = |link: &Link| {
            let syncs = self.syncs.get(&link.directory).into_iter().flatten();
            syncs.into_iter().any(|sync| *sync > change.at && *sync < end)
        };
        change.leaves.iter().chain(&change.comes).all(synced)
    }

    /// What is on the disk when the power goes before call `end`: what must be, and of the rest what `keeps` says.
    pub fn lost_at(&self, end: usize, mut keeps: impl FnMut() -> bool, draw: &mut Draw) -> Found {
        let mut now = self.nodes.clone();
        for change in self.changes.iter().filter(|change| change.at < end) {
            if self.is_durable(change, end) || keeps() {
                // What it stood on may be lost: then there is nothing to change.
                apply(&mut now, change);
            }
        }
        found(&now, 0, end, draw)
    }
}

/// Whether the change found what it needs.
fn apply(now: &mut [Node], change: &Change) -> bool {
    let is = |now: &[Node], link: &Link, wanted: Option<Number>| match &now[link.directory] {
        Node::Directory(entries) => entries.get(&link.name).copied() == wanted,
        Node::File(_) => false,
    };
    let possible = change.leaves.as_ref().is_none_or(|link| is(now, link, Some(link.node)))
        && change.comes.as_ref().is_none_or(|link| is(now, link, None));
    if possible {
        if let Some(Link { directory, name, .. }) = &change.leaves
            && let Node::Directory(entries) = &mut now[*directory]
        {
            entries.remove(name);
        }
        if let Some(Link { directory, name, node }) = &change.comes
            && let Node::Directory(entries) = &mut now[*directory]
        {
            entries.insert(name.clone(), *node);
        }
    }
    possible
}

fn found(now: &[Node], number: Number, end: usize, draw: &mut Draw) -> Found {
    match &now[number] {
        Node::Directory(entries) => Found::Directory(
            entries.iter().map(|(name, entry)| (name.clone(), found(now, *entry, end, draw))).collect(),
        ),
        Node::File(Content { bytes, modified, mode, finished }) if finished.is_none_or(|finished| finished < end) => {
            Found::File { bytes: bytes.clone(), modified: *modified, mode: *mode }
        }
        Node::File(Content { bytes, .. }) => {
            // It was being written: nothing, or a part of it.
            let cut = if draw.below(2) == 0 { 0 } else { bytes.len() / 2 };
            Found::File { bytes: bytes.slice(..cut), modified: 1_700_000_000_000_000_000, mode: 0o600 }
        }
    }
}

impl Found {
    /// What is at a path.
    pub fn read(path: &Path) -> Found {
        let facts = fs::symlink_metadata(path).unwrap();
        if facts.is_dir() {
            let entries = fs::read_dir(path).unwrap().map(|entry| {
                let entry = entry.unwrap();
                (entry.file_name().into_string().unwrap(), Found::read(&entry.path()))
            });
            return Found::Directory(entries.collect());
        }
        let modified = facts.mtime() * 1_000_000_000 + facts.mtime_nsec();
        Found::File { bytes: fs::read(path).unwrap().into(), modified, mode: facts.mode() & 0o7777 }
    }

    /// Names, lengths and which are directories: states that agree in these are one case.
    pub fn outline(&self) -> Vec<String> {
        let mut lines = Vec::new();
        self.outline_into(String::new(), &mut lines);
        lines
    }

    fn outline_into(&self, path: String, lines: &mut Vec<String>) {
        match self {
            Found::File { bytes, .. } => lines.push(format!("{path} {}", bytes.len())),
            Found::Directory(entries) => {
                lines.push(format!("{path}/"));
                entries.iter().for_each(|(name, entry)| entry.outline_into(format!("{path}/{name}"), lines));
            }
        }
    }

    /// Makes the path this, and leaves what is so already: directories keep their identity.
    pub fn write(&self, path: &Path) {
        match self {
            Found::File { bytes, modified, mode } => {
                let time = UNIX_EPOCH + Duration::from_nanos(u64::try_from(*modified).unwrap());
                let is = fs::symlink_metadata(path).is_ok_and(|facts| facts.is_file());
                if is && Found::read(path) == *self {
                    return;
                }
                remove(path);
                fs::write(path, bytes).unwrap();
                let file = fs::File::options().write(true).open(path).unwrap();
                file.set_modified(time).unwrap();
                file.set_permissions(fs::Permissions::from_mode(*mode)).unwrap();
            }
            Found::Directory(entries) => {
                if !path.is_dir() {
                    remove(path);
                    fs::create_dir(path).unwrap();
                }
                for entry in fs::read_dir(path).unwrap() {
                    let entry = entry.unwrap();
                    if !entries.contains_key(entry.file_name().to_str().unwrap()) {
                        remove(&entry.path());
                    }
                }
                entries.iter().for_each(|(name, entry)| entry.write(&path.join(name)));
            }
        }
    }
}

fn remove(path: &Path) {
    match fs::symlink_metadata(path) {
        Ok(facts) if facts.is_dir() => fs::remove_dir_all(path).unwrap(),
        Ok(_) => fs::remove_file(path).unwrap(),
        Err(_) => {}
    }
}

//! Packing the files of one group into outputs near the block size.
//!
//! Neighbours by name stay together where that needs no more outputs: names often follow time, and rows that were
//! written together are read together. Otherwise the largest come first, which fills best.

use crate::model::{PlannedFile, Size};

/// The outputs: each its files in the order of their names, and the outputs in the order of their first names. Only
/// outputs of at least two files are given; what was packed alone stays as it is.
///
/// Every file is in at most one output; no output is larger than `block`; no two outputs, or an output and a file that
/// stays, fit into a block together.
pub fn pack(mut files: Vec<PlannedFile>, block: Size) -> Vec<Vec<PlannedFile>> {
    files.sort_by(|a, b| a.file.name.cmp(&b.file.name));
    let lengths: Vec<u64> = files.iter().map(|planned| planned.file.length.0).collect();
    let by_name: Vec<usize> = (0..lengths.len()).collect();
    let mut by_length = by_name.clone();
    by_length.sort_by_key(|index| std::cmp::Reverse(lengths[*index]));

    let neighbours = join_small(next_fit(&by_name, &lengths, block.0), block.0);
    let dense = join_small(first_fit(&by_length, &lengths, block.0), block.0);
    let bins = if neighbours.len() <= dense.len() { neighbours } else { dense };
    into_outputs(bins, files)
}

/// Some files and the sum of their lengths.
#[derive(Default)]
struct Bin {
    indices: Vec<usize>,
    length: u64,
}

impl Bin {
    fn has_room(&self, length: u64, block: u64) -> bool {
        self.indices.is_empty() || self.length.saturating_add(length) <= block
    }

    fn add(&mut self, index: usize, length: u64) {
        self.indices.push(index);
        self.length = self.length.saturating_add(length);
    }
}

/// Fills one bin after the other, in the given order.
fn next_fit(order: &[usize], lengths: &[u64], block: u64) -> Vec<Bin> {
    let mut bins: Vec<Bin> = Vec::new();
    for &index in order {
        match bins.last_mut() {
            Some(bin) if bin.has_room(lengths[index], block) => bin.add(index, lengths[index]),
            _ => bins.push(Bin { indices: vec![index], length: lengths[index] }),
        }
    }
    bins
}

/// Puts each into the first bin that has room. A tree over the room of the bins finds that one in logarithmic time:
/// there may be a million files and thousands of bins.
fn first_fit(order: &[usize], lengths: &[u64], block: u64) -> Vec<Bin> {
    let mut bins: Vec<Bin> = Vec::new();
    let mut rooms = Rooms::of(order.len());
    for &index in order {
        let length = lengths[index];
        let place = rooms.first_with(length).unwrap_or(bins.len());
        if place == bins.len() {
            bins.push(Bin::default());
        }
        bins[place].add(index, length);
        rooms.set(place, block.saturating_sub(bins[place].length));
    }
    bins
}

/// The room of each bin, as a tree of maxima.
struct Rooms {
    leaves: usize,
    tree: Vec<u64>,
}

impl Rooms {
    fn of(count: usize) -> Rooms {
        let leaves = count.next_power_of_two().max(1);
        Rooms { leaves, tree: vec![0; 2 * leaves] }
    }

    fn set(&mut self, bin: usize, room: u64) {
        let mut node = self.leaves + bin;
        self.tree[node] = room;
        while node > 1 {
            node /= 2;
            self.tree[node] = self.tree[2 * node].max(self.tree[2 * node + 1]);
        }
    }

    fn first_with(&self, room: u64) -> Option<usize> {
        if room == 0 || self.tree[1] < room {
            return None;
        }
        let mut node = 1;
        while node < self.leaves {
            node = if self.tree[2 * node] >= room { 2 * node } else { 2 * node + 1 };
        }
        Some(node - self.leaves)
    }
}

/// Joins the two smallest bins while they fit into one. When they do not, no two bins do.
fn join_small(mut bins: Vec<Bin>, block: u64) -> Vec<Bin> {
    bins.sort_by_key(|bin| std::cmp::Reverse(bin.length));
    while let [.., larger, smaller] = bins.as_slice() {
        if larger.length.saturating_add(smaller.length) > block {
            break;
        }
        let (Some(one), Some(mut other)) = (bins.pop(), bins.pop()) else { break };
        other.indices.extend(one.indices);
        other.length += one.length;
        let place = bins.partition_point(|bin| bin.length >= other.length);
        bins.insert(place, other);
    }
    bins
}

fn into_outputs(mut bins: Vec<Bin>, files: Vec<PlannedFile>) -> Vec<Vec<PlannedFile>> {
    bins.retain(|bin| bin.indices.len() > 1);
    for bin in &mut bins {
        bin.indices.sort_unstable();
    }
    bins.sort_by(|a, b| a.indices.cmp(&b.indices));
    let mut files: Vec<Option<PlannedFile>> = files.into_iter().map(Some).collect();
    bins.into_iter().map(|bin| bin.indices.into_iter().filter_map(|index| files[index].take()).collect()).collect()
}

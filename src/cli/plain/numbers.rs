//! Numbers of rows as they are typed: `3`, `1 4-6`, `all`.

use std::collections::BTreeSet;

use crate::error::{Code, Error, Result};

/// The rows that are meant, of so many.
pub fn numbers(words: &[&str], rows: usize) -> Result<BTreeSet<usize>> {
    if words.is_empty() {
        return Err(Error::new(Code::Usage, "which rows").next("mark 1, mark 1 3-5, mark all"));
    }
    let mut meant = BTreeSet::new();
    for word in words {
        if *word == "all" {
            meant.extend(1..=rows);
            continue;
        }
        let (first, last) = word.split_once('-').unwrap_or((word, word));
        match (first.parse::<usize>(), last.parse::<usize>()) {
            (Ok(first), Ok(last)) if (1..=rows).contains(&first) && (first..=rows).contains(&last) => {
                meant.extend(first..=last);
            }
            (Ok(_), Ok(_)) => return Err(Error::new(Code::Usage, format!("{word} is not among 1 to {rows}"))),
            _ => return Err(Error::new(Code::Usage, format!("{word:?} is no number of a row"))),
        }
    }
    Ok(meant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_named_by_numbers_and_ranges() {
        let of = |words: &[&str]| numbers(words, 6).map(|rows| rows.into_iter().collect::<Vec<_>>()).ok();
        assert_eq!(of(&["1", "3-5"]), Some(vec![1, 3, 4, 5]));
        assert_eq!(of(&["all"]), Some(vec![1, 2, 3, 4, 5, 6]));
        for wrong in [&["0"][..], &["7"], &["5-3"], &["x"], &["1-"], &[]] {
            assert_eq!(of(wrong), None, "{wrong:?}");
        }
    }
}

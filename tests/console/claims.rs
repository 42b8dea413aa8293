//! What a metastore claims before anything is listed: marked as such, and given up for what a listing says.

use lakehand::app::{LakeMsg, Msg, Reading};
use lakehand::model::{Scanned, Size, StorePath, TableStats};

use crate::console::{Console, now};
use crate::lake::{histogram, table_name};

#[test]
fn claims_are_marked_until_a_listing_knows_better() {
    for size in [(80, 24), (120, 40)] {
        let mut console = Console::open(size);
        let location = StorePath::new("/data/lake/etl/landing").unwrap();
        let mut claimed = TableStats::unknown(table_name("etl.landing"), location, now());
        claimed.claimed_files = Some(40_000);
        claimed.claimed_bytes = Some(Size(1 << 40));
        let mut row = |stats: &TableStats| {
            console.send(Msg::Lake(LakeMsg::Cached(vec![stats.clone()])));
            console.send(Msg::Lake(LakeMsg::Ended { reading: Reading::Lake, stopped: false }));
            let text = console.text();
            let row = text.lines().find(|line| line.contains("etl.landing"));
            row.unwrap_or_else(|| panic!("no row in\n{text}")).to_owned()
        };
        let before = row(&claimed);
        assert!(before.contains("~40,000") && before.contains("~1.0 TiB"), "{before}");
        let mut listed = claimed.clone();
        listed.scanned = Scanned::Whole;
        listed.histogram = histogram([0, 0, 0, 12_345, 0, 0, 0, 0, 0, 0], 1 << 30);
        let after = row(&listed);
        assert!(after.contains("12,345") && !after.contains('~'), "{after}");
        assert_eq!(row(&claimed), after, "a claim replaces no listing");
    }
}

//! The tables of a lake by their names, before anything was listed.

use chrono::Utc;

use super::Session;
use crate::error::Result;
use crate::model::TableStats;

/// Every table that the catalog knows, with no figures. Where each lies is not known yet; until it is listed, the lake's directory
/// stands for it.
pub async fn tables(session: &Session) -> Result<Vec<TableStats>> {
    let catalog = &session.reader.catalog;
    let mut tables = Vec::new();
    for database in catalog.databases().await? {
        for name in catalog.tables(&database).await? {
            let location = session.reader.root.clone();
            tables.push(TableStats::unknown(name, location, Utc::now()));
        }
    }
    Ok(tables)
}

//! The tables of a lake by their names, before anything was listed.

use chrono::Utc;

use super::Session;
use crate::error::Result;
use crate::model::{TableName, TableStats};

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

/// The same tables with what the catalog claims of their files, where it does; nothing is listed.
pub async fn claimed(session: &Session, names: &[TableName]) -> Result<Vec<TableStats>> {
    let described = session.reader.catalog.described(names).await?;
    Ok(described.iter().map(|table| TableStats::claimed(table, Utc::now())).collect())
}

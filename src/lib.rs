//! lakehand: the maintenance console for data-lake tables.
//!
//! Data flows one way: `catalog + store → scan → model → plan → (confirm) → worker: run → events → model → view`.
//! A dry-run and a run share the plan: a dry-run is a plan that is not executed. Which module may use which is the
//! table in CONTRIBUTING.md; `tests/layering.rs` fails on any other edge.

pub mod action;
pub mod app;
pub mod auth;
pub mod catalog;
pub mod cli;
pub mod client;
pub mod config;
pub mod demo;
pub mod error;
pub mod format;
pub mod ipc;
pub mod lake;
pub mod ledger;
pub mod model;
pub mod plan;
pub mod run;
pub mod runtime;
pub mod scan;
pub mod store;
pub mod term;
pub mod ui;
pub mod worker;

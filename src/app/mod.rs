//! The console's state and what happens to it. `update(&mut App, Msg) -> Vec<Effect>` is the only way in.
//!
//! Pure: no clock (time comes in messages), no channel, no I/O, no environment. The lake is changed only by effects
//! that come out of an answered question (`question`). Lists may have a million rows: they are kept compactly
//! (`rows`), ordered and filtered in slices (`list`), and a view asks only for the rows that it shows.
//!
//! `state` holds the truth, `update` takes messages, `input` gives keys a meaning by the table in `keys`; one file an
//! idea beside them.

mod acts;
mod basket;
mod copy;
mod data;
pub mod docs;
mod doctor;
mod effect;
mod facts;
mod filter;
mod first;
mod footers;
mod help;
mod input;
mod key;
mod keys;
mod layout;
mod limits;
mod list;
mod lists;
mod marks;
mod message;
mod moves;
mod nav;
mod off;
mod options;
mod order;
mod packed;
mod palette;
mod plan;
mod preview;
mod question;
mod receive;
mod rows;
mod runs;
mod selected;
mod services;
mod shown;
mod sources;
mod state;
mod tables;
mod update;

pub use basket::{Basket, Figures, Marked, Sums};
pub use data::{Data, Progress};
pub use doctor::Doctor;
pub use effect::{Effect, Mark, StartChoice, Terms, Within};
pub use facts::{PaneFacts, predict};
pub use filter::{Field, Filter, Source};
pub use first::Way;
pub use footers::{column_rows, footers_words, group_lines, schema_words, version_lines, writer_rows, writers_words};
pub use help::{HelpLine, Helping};
pub use key::Key;
pub use keys::{Action, BarItem, Binding, Group, Keys, TABLE, bar};
pub use list::List;
pub use message::{
    Details, DoctorMsg, Failure, LakeMsg, Msg, PlanMsg, PreviewMsg, Reading, RunMsg, Service, ServiceState,
};
pub use nav::{Screen, Trail, View};
pub use options::{Colours, Here, LakeInfo, Look, Options, Start, ThemeName};
pub use order::SortKey;
pub use palette::{Command, Entry, Palette};
pub use plan::{Phase, PlanState};
pub use preview::Preview;
pub use question::{Answer, Ask, Question};
pub use rows::TargetRows;
pub use runs::{Runs, Shown, percent};
pub use selected::Selected;
pub(crate) use services::Watched;
pub use shown::{BarMode, Level, Note, Overlay, Part};
pub use sources::{TableSource, TargetSource, file_state};
pub use state::App;
pub use tables::{Tables, objects};
pub use update::update;

pub use crate::ledger::verdict::{TargetVerdict, Verdict};
pub use crate::model::edge_text as edge;
pub use crate::plan::{StepPreview, is_general as is_general_note};

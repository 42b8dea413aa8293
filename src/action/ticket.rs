//! Whether the ticket lasts long enough for a plan.

use super::Session;
use crate::lake::kerberos;
use crate::model::{Plan, RunLimits, ticket_note};

/// What is to be said of a ticket that may not last for a run of the plan; nothing where none is needed, or it is got
/// anew from a keytab. One that is over is an error of its own, wherever a server is asked.
pub async fn ticket_warning(session: &Session, plan: &Plan, limits: RunLimits) -> Option<String> {
    let ticket = kerberos(session.settings()).await?.ok()?;
    let left = ticket.left.filter(|_| !ticket.renewed && !plan.targets.is_empty())?;
    ticket_note(left, plan.time(limits))
}

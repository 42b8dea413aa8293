//! Watches the servers of the lake: row 1 says how fast they answer and which are lost, and a console that was opened
//! while they were frozen comes to life with them.

use std::time::Duration;

use chrono::Utc;
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::context::Context;
use crate::action::{self, Server, Servers};
use crate::app::{Msg, Service, ServiceState};
use crate::error::Code;
use crate::model::{TicketLife, age_text};

/// No answer for so long is no answer.
const SILENCE: Duration = Duration::from_secs(5);
/// The time between two questions while all answer.
const CALM: Duration = Duration::from_secs(15);
/// And while one does not.
const ALARMED: Duration = Duration::from_secs(3);

/// Asks the servers from time to time, for as long as the console lives.
pub(super) async fn watch(context: Context, messages: mpsc::Sender<Msg>) {
    let servers = Servers::of(&context.env().settings);
    let list = servers.list();
    if list.is_empty() || context.env().offline {
        return;
    }
    // Looking at a ticket asks nobody; it comes before the servers.
    if !ticket(&context, &messages).await {
        return;
    }
    for server in &list {
        if messages.send(service(*server, ServiceState::Asking)).await.is_err() {
            return;
        }
    }
    let mut named = false;
    loop {
        let mut lost = false;
        for server in &list {
            let state = ask(&servers, *server).await;
            let answers = state != ServiceState::Lost;
            lost |= !answers;
            if messages.send(service(*server, state)).await.is_err() {
                return;
            }
            // After a failover another one is active.
            let ask_which = *server == Server::NameNode && answers && !named;
            if *server == Server::NameNode {
                named = answers;
            }
            if ask_which && let Some(name) = servers.active().await {
                let word = server.word().to_owned();
                if messages.send(Msg::ServerName { word, name }).await.is_err() {
                    return;
                }
            }
        }
        sleep(if lost { ALARMED } else { CALM }).await;
        if !ticket(&context, &messages).await {
            return;
        }
    }
}

/// How long the ticket lasts, where the profile logs in; false when nobody listens any more.
async fn ticket(context: &Context, messages: &mpsc::Sender<Msg>) -> bool {
    let (left, life) = match action::kerberos(&context.env().settings).await {
        None => return true,
        Some(Ok(ticket)) => {
            let life = match ticket.left {
                Some(left) if !ticket.renewed => TicketLife::Lasts(left),
                _ => TicketLife::Endless,
            };
            (ticket.left.map_or_else(|| "ok".to_owned(), age_text), life)
        }
        // Without the library, say, no ticket would help.
        Some(Err(error)) if error.code() == Code::KerberosNoTicket => ("none".to_owned(), TicketLife::Over),
        Some(Err(_)) => ("none".to_owned(), TicketLife::Endless),
    };
    let at = Utc::now();
    let service = Service { word: "krb".to_owned(), state: ServiceState::Answers(left), at };
    messages.send(Msg::Ticket { life, at }).await.is_ok() && messages.send(Msg::Service(service)).await.is_ok()
}

async fn ask(servers: &Servers, server: Server) -> ServiceState {
    match servers.pulse(server, SILENCE).await {
        Some(took) => ServiceState::Answers(format!("{}ms", took.as_millis().max(1))),
        None => ServiceState::Lost,
    }
}

fn service(server: Server, state: ServiceState) -> Msg {
    Msg::Service(Service { word: server.word().to_owned(), state, at: Utc::now() })
}

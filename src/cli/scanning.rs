//! What is shown while a lake is read: one line on a terminal, nothing elsewhere.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::Duration;
use tokio::sync::mpsc;

use super::session::Session;
use crate::model::count_text;
use crate::scan::ScanEvent;

/// Events that may wait to be shown.
const EVENTS: usize = 256;

/// The line, and where events for it go. Dropping it removes the line.
pub struct Scanning {
    bar: ProgressBar,
    task: Option<tokio::task::JoinHandle<()>>,
}

impl Scanning {
    /// Begins, with where to report; must be called inside a runtime.
    pub fn begin(session: &Session) -> (Scanning, Option<mpsc::Sender<ScanEvent>>) {
        if !session.edge.error_is_terminal || session.globals.plain || session.output.is_json() {
            return (Scanning { bar: ProgressBar::hidden(), task: None }, None);
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(4));
        let style = ProgressStyle::with_template("{elapsed}  {wide_msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        bar.enable_steady_tick(Duration::from_secs(1));
        let (sender, receiver) = mpsc::channel(EVENTS);
        let task = tokio::spawn(show(bar.clone(), receiver));
        (Scanning { bar, task: Some(task) }, Some(sender))
    }
}

impl Drop for Scanning {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
        self.bar.finish_and_clear();
    }
}

async fn show(bar: ProgressBar, mut events: mpsc::Receiver<ScanEvent>) {
    let mut files = 0;
    while let Some(event) = events.recv().await {
        match event {
            ScanEvent::Target(target) => {
                files += target.files();
                bar.set_message(format!("listed {} files", count_text(files)));
            }
            ScanEvent::Footers { done, total, .. } => {
                bar.set_message(format!("reading footers, {} of {}", count_text(done), count_text(total)));
            }
            _ => {}
        }
    }
}

//! The progress of a run that is waited for: bars on a terminal, a line a change elsewhere. Always on standard error.

use std::time::{Duration, Instant};

use chrono::Utc;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::output::Output;
use crate::model::{
    LogLevel, RunSnapshot, Size, TargetOutcome, TargetProgress, TargetState, clean, count_text, counted, duration_text,
};

/// How often a line tells how far the run is, while nothing else happens.
const LINE_EVERY: Duration = Duration::from_secs(30);

/// What shows a run.
pub enum Progress<'a> {
    /// Bars.
    Bars(Box<Bars>),
    /// Lines.
    Lines(Lines<'a>),
}

impl<'a> Progress<'a> {
    /// Begins to show a run.
    pub fn new(output: &'a Output, on_terminal: bool, ascii: bool, snapshot: &RunSnapshot) -> Progress<'a> {
        if on_terminal {
            Progress::Bars(Box::new(Bars::new(ascii, snapshot)))
        } else {
            Progress::Lines(Lines { output, told: Instant::now(), shown: vec![None; snapshot.targets.len()] })
        }
    }

    /// Shows a state; only what changed is printed.
    pub fn show(&mut self, snapshot: &RunSnapshot) {
        match self {
            Progress::Bars(bars) => bars.show(snapshot),
            Progress::Lines(lines) => lines.show(snapshot),
        }
    }

    /// Takes the bars away while a question stands there.
    pub fn hide(&self) {
        if let Progress::Bars(bars) = self {
            let _ = bars.all.clear();
            bars.all.set_draw_target(ProgressDrawTarget::hidden());
        }
    }

    /// Brings them back.
    pub fn unhide(&self) {
        if let Progress::Bars(bars) = self {
            bars.all.set_draw_target(draw_target());
        }
    }

    /// Gives the screen up for a line.
    pub fn suspend<T>(&self, ask: impl FnOnce() -> T) -> T {
        match self {
            Progress::Bars(bars) => bars.all.suspend(ask),
            Progress::Lines(_) => ask(),
        }
    }

    /// Ends the showing.
    pub fn finish(&self) {
        if let Progress::Bars(bars) = self {
            let _ = bars.all.clear();
        }
    }
}

fn draw_target() -> ProgressDrawTarget {
    ProgressDrawTarget::stderr_with_hz(4)
}

/// One bar for the whole, one for each target in work, a line above for each that ended.
pub struct Bars {
    all: MultiProgress,
    whole: ProgressBar,
    style: ProgressStyle,
    targets: Vec<Option<ProgressBar>>,
    ended: Vec<bool>,
}

impl Bars {
    fn new(ascii: bool, snapshot: &RunSnapshot) -> Bars {
        let all = MultiProgress::with_draw_target(draw_target());
        let glyphs = if ascii { "#>." } else { "█▓░" };
        let style = |template: &str| {
            ProgressStyle::with_template(template)
                .unwrap_or_else(|_| ProgressStyle::default_bar())
                .progress_chars(glyphs)
        };
        let whole = all.add(ProgressBar::new(1_000));
        whole.set_style(style("{bar:30} {percent:>3} %  {elapsed_precise}  {wide_msg}"));
        let targets = snapshot.targets.len();
        let style = style("  {bar:28} {wide_msg}");
        Bars { all, whole, style, targets: vec![None; targets], ended: vec![false; targets] }
    }

    fn show(&mut self, snapshot: &RunSnapshot) {
        self.whole.set_position((snapshot.rates.share.clamp(0.0, 1.0) * 1_000.0) as u64);
        self.whole.set_message(rates_text(snapshot));
        for (index, target) in snapshot.targets.iter().enumerate().take(self.targets.len()) {
            match target.outcome.state {
                TargetState::Pending => {}
                state if state.is_final() => self.end(index, &target.outcome),
                _ => self.advance(index, target),
            }
        }
    }

    fn advance(&mut self, index: usize, target: &TargetProgress) {
        let bar = self.targets[index].get_or_insert_with(|| {
            let bar = self.all.add(ProgressBar::new(1_000));
            bar.set_style(self.style.clone());
            bar
        });
        bar.set_position((target.share.clamp(0.0, 1.0) * 1_000.0) as u64);
        bar.set_message(target_text(target));
    }

    fn end(&mut self, index: usize, outcome: &TargetOutcome) {
        if !std::mem::replace(&mut self.ended[index], true) {
            if let Some(bar) = self.targets[index].take() {
                bar.finish_and_clear();
            }
            let _ = self.all.println(outcome_text(outcome));
        }
    }
}

/// One line a change.
pub struct Lines<'a> {
    output: &'a Output,
    told: Instant,
    shown: Vec<Option<TargetState>>,
}

impl Lines<'_> {
    fn show(&mut self, snapshot: &RunSnapshot) {
        for (index, target) in snapshot.targets.iter().enumerate().take(self.shown.len()) {
            let state = target.outcome.state;
            if state.is_final() && self.shown[index] != Some(state) {
                self.shown[index] = Some(state);
                let text = outcome_text(&target.outcome);
                self.output.say(&match self.output.is_plain() {
                    true => ended_sentence(&target.outcome, snapshot),
                    false => text,
                });
                self.told = Instant::now();
            }
        }
        if self.told.elapsed() >= LINE_EVERY {
            self.told = Instant::now();
            let [done, ..] = snapshot.counts();
            let whole = (snapshot.rates.share * 100.0) as u64;
            if self.output.is_plain() {
                self.output.say(&rates_sentence(snapshot));
                return;
            }
            let rates = rates_text(snapshot);
            self.output.say(&format!("{whole} %, {done} of {} done  {rates}", snapshot.targets.len()));
        }
    }
}

/// `09:43:32 1 of 4 done: sales.orders dt=2026-11-17, 14,808 to 16 files, 31 s`
fn ended_sentence(outcome: &TargetOutcome, snapshot: &RunSnapshot) -> String {
    let ended = snapshot.targets.iter().filter(|target| target.outcome.state.is_final()).count();
    let text = outcome_text(outcome);
    let text = text.strip_prefix(outcome.state.word()).unwrap_or(&text).trim_start().replacen(": ", ", ", 1);
    format!("{} {ended} of {} {}: {text}", Utc::now().format("%H:%M:%S"), snapshot.targets.len(), outcome.state.word())
}

/// `09:44:03 47 % read, 1 of 4 done, about 1 min 40 s left`
fn rates_sentence(snapshot: &RunSnapshot) -> String {
    let [done, ..] = snapshot.counts();
    let left = snapshot.rates.left_ms.map(|left| duration_text(Duration::from_millis(left)));
    let left = left.map_or_else(String::new, |left| format!(", about {left} left"));
    let whole = (snapshot.rates.share * 100.0) as u64;
    format!("{} {whole} % read, {done} of {} done{left}", Utc::now().format("%H:%M:%S"), snapshot.targets.len())
}

/// `read 4.2 GiB of 8.9 GiB  73.0 MiB/s  about 1 min 40 s left`
fn rates_text(snapshot: &RunSnapshot) -> String {
    let rates = &snapshot.rates;
    let limits = (!snapshot.limits.is_none()).then(|| format!("  {}", snapshot.limits.text(Utc::now())));
    let limits = limits.unwrap_or_default();
    if rates.bytes_total.0 == 0 {
        return limits;
    }
    let mut text = format!("read {} of {}", rates.bytes_read, rates.bytes_total);
    if rates.bytes_per_second > 0 {
        text.push_str(&format!("  {}/s", Size(rates.bytes_per_second)));
    }
    if let Some(left) = rates.left_ms {
        text.push_str(&format!("  about {} left", duration_text(Duration::from_millis(left))));
    }
    text + &limits
}

/// `5 write  sales.orders dt=2026-11-19  14,002 -> 19`
fn target_text(target: &TargetProgress) -> String {
    let step = target.step.map_or(String::new(), |step| format!("{} {}  ", step.number(), step.word()));
    let files = count_text(target.outcome.files_before);
    format!("{step}{}  {files} -> {}", clean(&target.outcome.id.to_string()), count_text(target.files_planned))
}

/// `done  sales.orders dt=2026-11-19: 14,002 to 19 files, 1,311,204 rows, verified by values, 31 s`
pub fn outcome_text(outcome: &TargetOutcome) -> String {
    let mut text = format!("{:<11} {}", outcome.state.word(), clean(&outcome.id.to_string()));
    if outcome.state.is_success() {
        text.push_str(&format!(": {} to {}", count_text(outcome.files_before), counted(outcome.files_after, "file")));
        if outcome.rows.0 > 0 {
            text.push_str(&format!(", {} rows", outcome.rows));
        }
        if outcome.verified != "none" {
            text.push_str(&format!(", {} verified", outcome.verified));
        }
        text.push_str(&format!(", {}", duration_text(Duration::from_millis(outcome.elapsed_ms))));
    } else if let Some(reason) = &outcome.reason {
        text.push_str(&format!(": {} [{}]", clean(&reason.text), reason.code));
    }
    text
}

/// A line of the run's log, if it is loud enough.
pub fn log_text(line: &crate::model::LogLine, least: LogLevel) -> Option<String> {
    (line.level >= least).then(|| {
        format!("{} {:<5} {}  {}", line.at.format("%H:%M:%S"), line.level.word(), line.run.suffix(), line.text)
    })
}

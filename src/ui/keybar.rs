//! The row of keys, made from the key table: those that work now.

use super::canvas::Canvas;
use super::theme::Role;
use crate::app::{Action, App, Overlay, View, bar};
use crate::model::width;

/// Draws it: the least needed leave first where it is short.
pub fn draw(app: &App, canvas: &mut Canvas<'_>, y: u16) {
    let mut x = 0;
    for (key, label) in key_items(app, usize::from(canvas.width())) {
        if x > 0 {
            x += 2;
        }
        x = canvas.text(x, y, &key, Role::Key);
        // What is typed after the palette's key stands against it.
        let gap = if label.starts_with("limit ") { "" } else { " " };
        x = canvas.text(x, y, &format!("{gap}{label}"), Role::Text);
    }
}

fn key_items(app: &App, columns: usize) -> Vec<(String, String)> {
    let fixed: &[(&str, &str)] = match &app.overlay {
        Overlay::Question(question) => match question.ask {
            crate::app::Ask::Yes { .. } => &[("y", "yes"), ("Enter", "cancel"), ("Esc", "cancel")],
            crate::app::Ask::Typed { .. } => &[("Enter", "when it is typed"), ("Esc", "cancel")],
        },
        Overlay::Palette(_) if columns < 80 => {
            &[("Tab", "complete"), ("Up Down", "choose"), ("Enter", "go"), ("Esc", "close")]
        }
        Overlay::Palette(_) => {
            &[("Tab", "complete"), ("Up Down", "choose"), ("Enter", "go (opens, never executes)"), ("Esc", "close")]
        }
        Overlay::Filter(_) => &[("Enter", "keep"), ("Esc", "clear"), ("Ctrl-u", "empty")],
        Overlay::Sort => &[("a letter", "sorts; the same again reverses"), ("Esc", "close")],
        Overlay::Copy => &[("a letter", "copies"), ("Esc", "close")],
        Overlay::Text { .. } => &[("j k", "move"), ("c", "copy"), ("Esc", "close")],
        Overlay::None | Overlay::Help(_) => &[],
    };
    if !fixed.is_empty() {
        return fixed.iter().map(|(key, label)| ((*key).to_owned(), (*label).to_owned())).collect();
    }
    let mut items: Vec<(u8, String, String)> = bar(app.screen())
        .iter()
        .filter(|(action, label, _)| shown(app, *action, label))
        .map(|(action, label, rank)| (*rank, key_name(app, *action), label_of(app, *action, label)))
        .collect();
    let long = |items: &[(u8, String, String)]| {
        items.iter().map(|(_, key, label)| width(key) + width(label) + 3).sum::<usize>().saturating_sub(2) > columns
    };
    while long(&items) {
        if let Some((_, _, label)) = reason_to_shorten(&mut items) {
            *label = "off".to_owned();
            continue;
        }
        let Some(last) = items.iter().map(|(rank, _, _)| *rank).max() else { break };
        let Some(at) = items.iter().rposition(|(rank, _, _)| *rank == last) else { break };
        if items.len() == 1 {
            break;
        }
        items.remove(at);
    }
    items.into_iter().map(|(_, key, label)| (key, label)).collect()
}

/// Where only the main keys are left: a key that is off, whose reason a press of it tells.
fn reason_to_shorten(items: &mut [(u8, String, String)]) -> Option<&mut (u8, String, String)> {
    let only_main = items.iter().all(|(rank, _, _)| *rank == 0);
    items.iter_mut().rev().find(|(_, _, label)| only_main && label.starts_with("off: "))
}

/// A key, or the pair that belongs together.
fn key_name(app: &App, action: Action) -> String {
    let name = app.keys.name(action);
    match action {
        Action::Down => format!("{name} {}", app.keys.name(Action::Up)),
        _ => name,
    }
}

/// Keys that matter only sometimes are left out then; the main ones stay, with why they are off.
fn shown(app: &App, action: Action, _label: &str) -> bool {
    match action {
        Action::Attention => app.off(action).is_none(),
        Action::Recover if *app.view() != View::Attention => app.off(action).is_none(),
        Action::RollBack if matches!(app.view(), View::Run(_)) => app.off(action).is_none(),
        Action::RollBack if *app.view() == View::Lake => app.off(action).is_none(),
        Action::Pause | Action::Cancel if *app.view() == View::Jobs => app.off(Action::Pause).is_none(),
        Action::Pause | Action::Cancel | Action::Freeze | Action::Palette if matches!(app.view(), View::Run(_)) => {
            app.off(Action::Pause).is_none()
        }
        Action::Mark | Action::Range | Action::All | Action::None | Action::In
            if matches!(app.view(), View::Files(_)) =>
        {
            false
        }
        Action::Scope => app.data.preview.as_ref().is_some_and(|preview| preview.wider().is_some()),
        Action::NextPart if *app.view() != View::Databases && app.view().screen() == crate::app::Screen::Browse => {
            app.has_panes() && matches!(app.view(), View::Partitions(_))
        }
        _ => true,
    }
}

fn label_of(app: &App, action: Action, label: &str) -> String {
    if action == Action::Attention {
        let first = app.data.runs.attention().next();
        return first.map(|run| run.run.suffix().to_owned()).unwrap_or_default();
    }
    if action == Action::Freeze && (app.frozen.is_some() || (*app.view() == View::Log && app.data.log.frozen.is_some()))
    {
        return "follow".to_owned();
    }
    if action == Action::Pause
        && let Some(run) = app.selected_run_id()
        && app.data.runs.watched.get(&run).is_some_and(|snapshot| snapshot.state == crate::model::RunState::Paused)
    {
        return "resume".to_owned();
    }
    if action == Action::Palette && *app.view() == View::Plan {
        return "save".to_owned();
    }
    match app.off(action) {
        Some(why) if !matches!(action, Action::Mark | Action::Plan) => format!("off: {why}"),
        _ => label.to_owned(),
    }
}

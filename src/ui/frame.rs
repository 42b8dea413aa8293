//! What every screen has: row 1 with badges and place, the row of messages, the row of keys.

use super::canvas::Canvas;
use super::numbers::short_count;
use super::theme::Role;
use crate::app::{Action, App, Level, Overlay, Reading, SortKey, Verdict, View, Watched, bar, percent};
use crate::model::{RunKind, Size, count_text, duration_text, width};

/// Between the parts of row 1's right end.
const GAP: &str = "  ";
/// Before the lake's place, where no servers are shown; it stands where there is room for it.
const LAKE: &str = "lake ";
/// The columns of a title that are not given up for them.
const TITLE_LEAST: usize = 12;

/// Row 1.
pub fn header(app: &App, canvas: &mut Canvas<'_>) {
    let mut x = 0;
    for (text, role) in badges(app) {
        x = canvas.text(x, 0, text, role) + 1;
    }
    let (end, title) = (canvas.width(), title(app));
    let room = usize::from(end.saturating_sub(x));
    let mut parts = right_side(app, end);
    let fits = |parts: &[String], least: usize| width(&parts.join(GAP)) + 1 + least <= room;
    if !fits(&parts, width(&title)) && parts.last().is_some_and(|part| part.starts_with(LAKE)) {
        parts.pop();
    }
    // Badges always stand, and what the screen is; what needs a person and the servers come before the rest.
    while parts.len() > 1 && !fits(&parts, width(&title).min(TITLE_LEAST)) {
        parts.remove(0);
    }
    let right = parts.join(GAP);
    canvas.field(x, 0, room.saturating_sub(width(&right) + 1) as u16, &title, Role::Heading);
    canvas.right(end, 0, &right, Role::Text);
}

fn badges(app: &App) -> Vec<(&'static str, Role)> {
    let mut badges = Vec::new();
    if app.lake.production {
        badges.push(("[PROD]", Role::Production));
    }
    if app.lake.read_only {
        badges.push(("[RO]", Role::Badge));
    }
    match app.view() {
        View::Plan if app.data.plan.is_none() => {}
        View::Plan | View::Steps(_) | View::Preview => badges.push(("[DRY RUN]", Role::Badge)),
        View::Run(run) if app.is_live(run) => badges.push(("[LIVE]", Role::Badge)),
        _ => {}
    }
    let lost = app.lost_server().is_some();
    let only_here = *app.view() == View::History && app.data.runs.loaded && !app.data.runs.complete;
    if lost || only_here || app.lake.offline {
        badges.push(("[CACHE]", Role::Badge));
    }
    badges
}

fn title(app: &App) -> String {
    let mut title = match app.view() {
        View::Start => "lakehand".to_owned(),
        View::Lake => format!("Lake > {}", order(app)),
        View::Databases => "databases".to_owned(),
        View::Tables(database) => format!("{database} > tables"),
        View::Partitions(table) => {
            let keys = app.partition_keys(table);
            let keys = keys.map_or_else(|| "partitions".to_owned(), |keys| keys.join("/"));
            format!("{} > {} > {keys}", table.database, table.table)
        }
        View::Files(target) => {
            let partition = target.partition.as_deref().unwrap_or("files");
            format!("{} > {} > {partition}", target.database, target.table)
        }
        View::Inspect(subject) => {
            let table = subject.table();
            let partition = match subject {
                crate::app::Subject::Target(target) => target.partition.as_ref().map(|name| format!(" > {name}")),
                crate::app::Subject::Table(_) => None,
            };
            format!("{} > {}{}   inspect", table.database, table.table, partition.unwrap_or_default())
        }
        View::Basket => "Basket".to_owned(),
        View::Plan => plan_title(app),
        View::Steps(_) => steps_title(app),
        View::Jobs => "Jobs".to_owned(),
        View::Run(run) => format!("Run {}", run.short()),
        View::History => "History".to_owned(),
        View::RunTargets(run) => format!("History > {}", run.short()),
        View::Preview => preview_title(app),
        View::Log => "Log".to_owned(),
        View::Attention => "Needs a person".to_owned(),
        View::Doctor => "Doctor".to_owned(),
    };
    let filter = app.list().map(|list| list.filter().text()).unwrap_or_default();
    if !filter.is_empty() {
        title.push_str(&format!("  /{filter}"));
    }
    title
}

fn order(app: &App) -> String {
    let (sort, reversed) = app.list().map_or((SortKey::Worst, false), |list| list.sort());
    let word = match sort {
        SortKey::Given | SortKey::Urgent | SortKey::Worst => "worst first",
        SortKey::Value => "best value first",
        SortKey::Files => "most files first",
        SortKey::Bytes => "largest first",
        SortKey::Average => "smallest files first",
        SortKey::Name => "by name",
        SortKey::Age => "newest first",
    };
    if reversed { format!("{word}, reversed") } else { word.to_owned() }
}

fn plan_title(app: &App) -> String {
    match app.data.plan.as_ref().and_then(|state| state.plan.as_ref()) {
        Some(plan) => format!("Plan {}", plan.plan.short()),
        None => "Plan".to_owned(),
    }
}

fn steps_title(app: &App) -> String {
    let View::Steps(target) = app.view() else { return String::new() };
    let plan = app.data.plan.as_ref().and_then(|state| state.plan.as_ref());
    match plan.and_then(|plan| plan.targets.get(*target).map(|target| (plan, target))) {
        Some((plan, target)) => format!("Plan {} > {}", plan.plan.suffix(), target.id),
        None => "Plan".to_owned(),
    }
}

fn preview_title(app: &App) -> String {
    let Some(preview) = &app.data.preview else { return "Preview".to_owned() };
    let verb = match preview.kind {
        RunKind::Cleanup => "Clean up",
        RunKind::Recover => "Recover",
        _ => "Roll back",
    };
    format!("{verb} {}", preview.of.short())
}

/// The right end of row 1: basket, runs, what needs a person, servers or the lake's place.
fn right_side(app: &App, columns: u16) -> Vec<String> {
    if *app.view() == View::Start {
        return vec!["no configuration".to_owned()];
    }
    let narrow = columns < 80;
    let basket = app.data.basket.sums().targets.max(app.data.basket.len() as u64);
    let runs = if app.data.runs.loaded { app.data.runs.live().count().to_string() } else { "?".to_owned() };
    let mut parts = match app.view() {
        View::Steps(_) => vec![step_of(app)],
        View::Plan => vec![plan_age(app)],
        View::Run(run) => run_owner(app, run),
        View::Log => vec![log_state(app)],
        View::Doctor => vec![app.data.doctor.counts()],
        View::History => vec![held(app, narrow), in_trash(app)],
        _ => vec![format!("{} {}", if narrow { "b" } else { "basket" }, short_count(basket)), format!("runs {runs}")],
    };
    let attention = app.data.runs.attention().count();
    if attention > 0 && !matches!(app.view(), View::Steps(_)) {
        parts.push(format!("! {attention}"));
    }
    let servers: Vec<String> = app.services.iter().map(|service| service.shown(app.data.now)).collect();
    if !servers.is_empty() {
        parts.push(servers.join(" "));
    } else if !app.lake.place.is_empty() && columns >= 80 && !matches!(app.view(), View::Steps(_) | View::Plan) {
        let room = usize::from(columns) / 4;
        parts
            .push(format!("{LAKE}{}", crate::model::shorten_middle(&crate::model::clean(&app.lake.place), room, "..")));
    }
    parts.retain(|part| !part.is_empty());
    parts
}

fn step_of(app: &App) -> String {
    app.data.plan.as_ref().map(|plan| format!("step {} of {}", plan.step + 1, plan.walk.len())).unwrap_or_default()
}

fn plan_age(app: &App) -> String {
    let Some(state) = &app.data.plan else { return String::new() };
    let Some(plan) = &state.plan else { return String::new() };
    let checked = state.checked.map(|at| (app.data.now - at).to_std().unwrap_or_default());
    let ago = |age: std::time::Duration| match age.as_secs() {
        0 => ", checked now".to_owned(),
        _ => format!(", checked {} ago", crate::model::age_text(age)),
    };
    let checked = checked.map(ago).unwrap_or_default();
    format!("made {}{checked}", plan.made.format("%H:%M"))
}

fn run_owner(app: &App, run: &crate::model::RunId) -> Vec<String> {
    match app.data.runs.watched.get(run) {
        Some(snapshot) if snapshot.watchers > 1 => {
            vec![format!("{}@{}", snapshot.user, snapshot.host), format!("{} watch", snapshot.watchers)]
        }
        Some(snapshot) => vec![format!("{}@{}", snapshot.user, snapshot.host)],
        None => match app.data.runs.get(run) {
            Some(summary) => vec![format!("{}@{}", summary.user, summary.host)],
            None => Vec::new(),
        },
    }
}

fn log_state(app: &App) -> String {
    let log = &app.data.log;
    let follows = if log.frozen.is_some() { "frozen" } else { "following" };
    format!("all runs  level {}  {follows}", log.level.word())
}

fn held(app: &App, narrow: bool) -> String {
    let (files, bytes) = app.held();
    if files == 0 {
        "no backups".to_owned()
    } else if narrow {
        format!("in backups {bytes}")
    } else {
        format!("in backups {bytes} in {} {}", short_count(files), if files == 1 { "file" } else { "files" })
    }
}

fn in_trash(app: &App) -> String {
    match app.in_trash() {
        Size(0) => String::new(),
        bytes => format!("in trash ~{bytes}"),
    }
}

/// The row of messages: what was just said, what is typed, what goes on, how fresh it is.
pub fn message(app: &App, canvas: &mut Canvas<'_>, y: u16) {
    let (text, role) = message_text(app);
    canvas.line(0, y, canvas.width(), &text, role);
}

fn message_text(app: &App) -> (String, Role) {
    match &app.overlay {
        Overlay::Filter(_) => {
            let filter = app.list().map(|list| list.filter().text()).unwrap_or_default();
            let rows = app.list().map_or(0, |list| list.rows().len());
            return (format!("/{filter}_   {} match   Enter keeps  Esc clears", count_text(rows as u64)), Role::Text);
        }
        Overlay::Sort => {
            let words: Vec<String> = SortKey::MENU.iter().map(|(key, _, word)| format!("{key} {word}")).collect();
            return (format!("sort by: {}", words.join("  ")), Role::Text);
        }
        Overlay::Copy => return (app.copy_menu(), Role::Text),
        Overlay::Help(helping) if helping.typing => return (format!("/{}_", helping.query), Role::Text),
        _ => {}
    }
    if let Some(note) = &app.note {
        let role = match note.level {
            Level::Info => Role::Text,
            Level::Warn => Role::Warn,
            Level::Error => Role::Bad,
        };
        return (note.text.clone(), role);
    }
    if let Some(text) = app.list().and_then(|list| list.working()).map(|done| sorting(app, done)) {
        return (text, Role::Text);
    }
    if app.is_ticket_over() {
        let text = "! no valid Kerberos ticket: kinit in another window, then r. Changes are off.";
        return (text.to_owned(), Role::Bad);
    }
    if let Some(server) = app.lost_server() {
        return (lost_text(server), Role::Bad);
    }
    match reading_text(app) {
        Some(text) => (text, Role::Text),
        None => (freshness(app), Role::Text),
    }
}

/// What stays in sight for as long as a server is lost.
fn lost_text(server: &Watched) -> String {
    let since = server.since.format("%H:%M:%S");
    format!("! no answer from the {} since {since}; asked again. Changes are off.", server.name())
}

fn sorting(app: &App, done: u32) -> String {
    let total = app.list_total();
    format!("sorting {}/{}   Ctrl-c stops", count_text(u64::from(done)), count_text(total as u64))
}

/// A reading that goes on: a counter, seconds, and that Ctrl-c stops it.
fn reading_text(app: &App) -> Option<String> {
    let progress = app.data.readings.iter().max_by_key(|progress| progress.heard)?;
    let elapsed = (app.data.now - progress.since).to_std().unwrap_or_default();
    let silent = (app.data.now - progress.heard).num_seconds();
    let what = match &progress.reading {
        Reading::Lake => "the lake".to_owned(),
        Reading::Table(table) => table.to_string(),
        Reading::Target(target) => target.partition.clone().unwrap_or_else(|| target.table_name().to_string()),
        Reading::Footers(subject) => subject.table().to_string(),
    };
    let verb = if matches!(progress.reading, Reading::Footers(_)) { "reading footers of" } else { "listing" };
    let mut text = format!("{verb} {what}");
    let others = app.data.readings.len() - 1;
    if others > 0 {
        text.push_str(&format!(" and {others} more"));
    }
    match progress.total {
        Some(total) => text.push_str(&format!(": scanned {}/{} files", count_text(progress.done), count_text(total))),
        None if progress.done > 0 => text.push_str(&format!(": {} files so far", count_text(progress.done))),
        None => text.push_str(canvas_ellipsis(app)),
    }
    if elapsed.as_secs() >= 1 && silent < 5 {
        text.push_str(&format!(", {}", duration_text(elapsed)));
    }
    if silent >= 5 {
        // First, where no width cuts it off.
        text = format!("{}; {text}", app.silence(&progress.reading, silent));
    } else if elapsed.as_secs() >= 10 {
        text.push_str(&pace(progress.done, progress.total, elapsed));
    }
    let hint = "   Ctrl-c stops";
    if width(&text) + hint.len() <= usize::from(app.size().0) {
        text.push_str(hint);
    }
    Some(text)
}

/// From ten seconds on: the rate, and the time left, rounded.
fn pace(done: u64, total: Option<u64>, elapsed: std::time::Duration) -> String {
    let rate = done as f64 / elapsed.as_secs_f64();
    if rate < 1.0 {
        return String::new();
    }
    let left = total.filter(|total| *total > done).map(|total| (total - done) as f64 / rate * 1_000.0);
    let left = left.map(|left| format!(", ~{} left", duration_text(super::numbers::rounded(left as u64))));
    format!(", {}/s{}", count_text(rate as u64), left.unwrap_or_default())
}

fn canvas_ellipsis(app: &App) -> &'static str {
    if app.look.ascii { "..." } else { "…" }
}

fn freshness(app: &App) -> String {
    let place = app.list().filter(|list| list.rows().len() > 1_000).map(|list| {
        format!("row {} of {}", count_text(list.cursor() as u64 + 1), count_text(list.rows().len() as u64))
    });
    let text = match app.view() {
        View::Lake | View::Tables(_) | View::Databases => lake_freshness(app),
        View::Partitions(_) | View::Files(_) => selected_reason(app),
        View::Basket => basket_freshness(app),
        View::Plan if app.data.plan.is_some() => {
            "nothing was changed; a target that differs when the run starts is left out".to_owned()
        }
        View::Steps(_) => "nothing was changed; this is the whole of what X would do for this target".to_owned(),
        View::Run(run) => run_freshness(app, run),
        View::RunTargets(_) => "Space marks targets; marks narrow what R takes".to_owned(),
        View::Preview => preview_freshness(app),
        View::Doctor => doctor_advice(app),
        _ => String::new(),
    };
    match place {
        Some(place) if text.is_empty() => place,
        Some(place) => format!("{place}; {text}"),
        None => text,
    }
}

fn lake_freshness(app: &App) -> String {
    if let Some(table) = app.selected_table()
        && let Some(error) = &table.error
    {
        return format!("{}: {}   r tries again", table.name, error.text);
    }
    if let Some(reason) = app.selected_table().and_then(|table| table.reasons.first()) {
        return format!("REFUSED: {}", reason.text);
    }
    let listed = app.data.tables.rows().iter().filter(|table| table.scanned != crate::model::Scanned::No);
    let oldest = listed.map(|table| table.at).min();
    let age = oldest.map(|at| (app.data.now - at).to_std().unwrap_or_default());
    match age {
        Some(age) if age.as_secs() >= 60 => {
            let fresh = app.data.tables.rows().iter().filter(|table| table.at >= app.opened).count();
            let age = crate::model::age_text(age);
            if fresh > 0 {
                format!("{fresh} rows checked now, the rest as of {age} ago")
            } else {
                format!("cached {age} ago on this host")
            }
        }
        _ => String::new(),
    }
}

fn selected_reason(app: &App) -> String {
    app.selected_target_reason().unwrap_or_default()
}

fn basket_freshness(app: &App) -> String {
    // A note that the row has no room for.
    let row = app.list().and_then(|list| list.selected());
    let selected = row.and_then(|row| app.data.basket.tables().nth(row as usize));
    if let Some(note) = selected.and_then(|(table, marked)| app.basket_note(table, marked)) {
        return format!("{note}: a note stops those targets only");
    }
    let at = app.data.basket.at.map(|at| format!("marked on {} at {}; ", app.lake.profile, at.format("%H:%M")));
    format!("{}kept when you quit, emptied when the profile changes", at.unwrap_or_default())
}

/// What to do about the check under the cursor, else about the worst one.
fn doctor_advice(app: &App) -> String {
    let row = app.list().and_then(|list| list.selected());
    let selected = row.and_then(|row| app.data.doctor.checks.get(row as usize)).filter(|check| check.next.is_some());
    let advice = selected.or_else(|| app.data.doctor.advice());
    advice.and_then(|check| check.next.as_ref().map(|next| format!("{}: {next}", check.name))).unwrap_or_default()
}

fn run_freshness(app: &App, run: &crate::model::RunId) -> String {
    let silent = app.data.runs.get(run).filter(|_| app.is_from_lake(run));
    let silent = silent.and_then(|run| Some((run, app.data.runs.silent_for(&run.run, app.data.now)?)));
    if let Some((run, silent)) = silent {
        return super::run::silence_text(run, silent);
    }
    if app.is_from_lake(run) {
        return "another user's, or another host's: their console pauses and cancels it".to_owned();
    }
    if let Some(failure) = app.data.runs.lost.get(run) {
        return format!("{}   r connects again", failure.line());
    }
    if app.is_live(run) {
        return format!("closing this window does not stop the run; lakehand attach {} brings it back", run.suffix());
    }
    super::run::NOTHING_FREED.to_owned()
}

fn preview_freshness(app: &App) -> String {
    let Some(preview) = &app.data.preview else { return String::new() };
    if let Some(failure) = &preview.failure {
        return failure.line();
    }
    if preview.elapsed_ms.is_none() {
        let elapsed = (app.data.now - preview.since).to_std().unwrap_or_default();
        let seconds = if elapsed.as_secs() >= 1 { format!(", {}", duration_text(elapsed)) } else { String::new() };
        return format!("nothing was changed; checking{seconds}   Ctrl-c stops");
    }
    let decide = preview.targets.iter().any(|target| matches!(target.verdict, Verdict::Decide(_)));
    if decide {
        return "nothing was changed; :keep or :restore decides for the targets that need it".to_owned();
    }
    "nothing was changed".to_owned()
}

/// The row of keys: the least needed leave first where it is short.
pub fn keys(app: &App, canvas: &mut Canvas<'_>, y: u16) {
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
        let Some(last) = items.iter().map(|(rank, _, _)| *rank).max() else { break };
        let Some(at) = items.iter().rposition(|(rank, _, _)| *rank == last) else { break };
        if items.len() == 1 {
            break;
        }
        items.remove(at);
    }
    items.into_iter().map(|(_, key, label)| (key, label)).collect()
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
        && let View::Run(run) = app.view()
        && app.data.runs.watched.get(run).is_some_and(|snapshot| snapshot.state == crate::model::RunState::Paused)
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

/// The share of what is done, in words: `36 %`.
pub fn share_text(done: u64, total: u64) -> String {
    if total == 0 { "0 %".to_owned() } else { percent(done as f32 / total as f32) }
}

//! Row 1 of every screen: badges, where one is; at the right what is under way and the servers.

use super::canvas::Canvas;
use super::numbers::short_count;
use super::theme::Role;
use crate::app::{App, SortKey, View};
use crate::model::{RunKind, Size, width};

/// Between the parts of row 1's right end.
const GAP: &str = "  ";
/// Before the lake's place, where no servers are shown; it stands where there is room for it.
const LAKE: &str = "lake ";
/// The columns of a title that are not given up for them.
const TITLE_LEAST: usize = 12;

/// Row 1.
pub fn draw(app: &App, canvas: &mut Canvas<'_>) {
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
                crate::model::Subject::Target(target) => target.partition.as_ref().map(|name| format!(" > {name}")),
                crate::model::Subject::Table(_) => None,
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

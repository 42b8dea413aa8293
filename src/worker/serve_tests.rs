use tokio::io::BufWriter;

use super::*;
use crate::ipc::{MAXIMUM_LINE, send};
use crate::model::{
    Event, Rates, RunId, RunKind, RunState, Step, TableName, TargetId, TargetOutcome, TargetProgress, TargetState,
};
use crate::run::Observer;

fn snapshot(targets: usize) -> RunSnapshot {
    RunSnapshot {
        run: RunId::parse("20260101-0000-abc").unwrap(),
        lake: "file:///lake".to_owned(),
        kind: RunKind::Compact,
        of: None,
        state: RunState::Running,
        user: "me".to_owned(),
        host: "here".to_owned(),
        pid: 1,
        started: chrono::DateTime::UNIX_EPOCH,
        finished: None,
        targets: (0..targets).map(|number| progress(number, Step::Check, 0.0)).collect(),
        rates: Rates::default(),
        log: Vec::new(),
        limits: Default::default(),
        watchers: 0,
        failure: None,
    }
}

fn progress(number: usize, step: Step, share: f32) -> TargetProgress {
    let id = TargetId::new(&TableName::new("db", "t"), Some(format!("n={number}")));
    let mut outcome = TargetOutcome::pending(id);
    outcome.state = TargetState::Writing;
    TargetProgress { outcome, step: Some(step), share, files_planned: 1 }
}

fn target(index: usize, step: Step, share: f32) -> Event {
    Event::Target { index, progress: progress(index, step, share) }
}

/// A served socket and the desk behind it.
struct Served {
    desk: Desk,
    path: std::path::PathBuf,
    _base: tempfile::TempDir,
}

impl Served {
    fn new(targets: usize) -> Served {
        let base = tempfile::tempdir().unwrap();
        let path = base.path().join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        let desk = Desk::new(Arc::new(Board::new(snapshot(targets))), Control::default());
        let serving = desk.clone();
        tokio::spawn(async move { serve(&listener, &serving).await });
        Served { desk, path, _base: base }
    }

    async fn connect(&self) -> (Lines<BufReader<OwnedReadHalf>>, BufWriter<OwnedWriteHalf>) {
        let (reading, writing) = UnixStream::connect(&self.path).await.unwrap().into_split();
        (Lines::new(BufReader::new(reading), MAXIMUM_LINE), BufWriter::new(writing))
    }

    async fn view(&self) -> View {
        let (mut lines, mut writing) = self.connect().await;
        let hello = Hello { version: Hello::VERSION, name: "test".to_owned(), once: false };
        send(&mut writing, &hello).await.unwrap();
        let Some(Reply::Welcome { snapshot }) = lines.next().await.unwrap() else { panic!("no welcome") };
        View { snapshot: *snapshot, lines, writing }
    }
}

/// A view that applies what it is told.
struct View {
    snapshot: RunSnapshot,
    lines: Lines<BufReader<OwnedReadHalf>>,
    writing: BufWriter<OwnedWriteHalf>,
}

impl View {
    async fn next(&mut self) -> Reply {
        let reply = self.lines.next::<Reply>().await.unwrap().expect("the worker closed");
        match reply.clone() {
            Reply::Welcome { snapshot } | Reply::Ended { snapshot } => self.snapshot = *snapshot,
            Reply::Event { event } => self.snapshot.apply(event),
            Reply::Refused { reason } => panic!("refused: {reason}"),
        }
        reply
    }

    async fn until(&mut self, seen: impl Fn(&RunSnapshot) -> bool) {
        while !seen(&self.snapshot) {
            timeout(Duration::from_secs(20), self.next()).await.expect("the state never came");
        }
    }
}

#[tokio::test]
async fn two_views_come_to_the_same_state() {
    let served = Served::new(2);
    let mut one = served.view().await;
    one.until(|snapshot| snapshot.watchers == 1).await;
    served.desk.board.event(target(1, Step::Write, 0.5));
    let mut two = served.view().await;
    assert_eq!(two.snapshot.targets[1].step, Some(Step::Write));
    served.desk.board.event(target(0, Step::Verify, 0.25));
    served.desk.board.event(target(0, Step::Verify, 0.75));
    served.desk.board.flush();
    for view in [&mut one, &mut two] {
        view.until(|snapshot| snapshot.watchers == 2 && snapshot.targets[0].share == 0.75).await;
        assert_eq!(view.snapshot, served.desk.board.snapshot());
    }
    drop(two);
    one.until(|snapshot| snapshot.watchers == 1).await;
}

#[tokio::test]
async fn progress_waits_for_the_tick_and_a_new_step_does_not() {
    let served = Served::new(1);
    let mut view = served.view().await;
    served.desk.board.event(target(0, Step::Write, 0.0));
    for share in 1..=1000_u16 {
        served.desk.board.event(target(0, Step::Write, f32::from(share) / 1000.0));
    }
    served.desk.board.event(target(0, Step::Verify, 0.0));
    let mut events = 0;
    while view.snapshot.targets[0].step != Some(Step::Verify) {
        events += usize::from(matches!(view.next().await, Reply::Event { event: Event::Target { .. } }));
    }
    assert_eq!(events, 2);
    served.desk.board.flush();
    served.desk.board.note(LogLevel::Info, "nothing was waiting".to_owned());
    assert!(matches!(view.next().await, Reply::Event { event: Event::Log { .. } }));
}

#[tokio::test]
async fn a_view_that_is_too_slow_gets_the_state_anew_and_holds_nobody_up() {
    let served = Served::new(1);
    let mut slow = served.view().await;
    for number in 0..50_000 {
        let step = if number % 2 == 0 { Step::Write } else { Step::Verify };
        served.desk.board.event(target(0, step, number as f32));
        if number % 1000 == 0 {
            tokio::task::yield_now().await;
        }
    }
    let mut welcomes = 0;
    while slow.snapshot.targets[0].share < 49_999.0 {
        let reply = timeout(Duration::from_secs(20), slow.next()).await.expect("the state never came");
        welcomes += usize::from(matches!(reply, Reply::Welcome { .. }));
    }
    assert!(welcomes > 0, "it was not resynchronised");
    slow.until(|snapshot| snapshot.watchers == 1).await;
    assert_eq!(slow.snapshot, served.desk.board.snapshot());
}

#[tokio::test]
async fn a_view_steers() {
    let served = Served::new(1);
    let mut view = served.view().await;
    send(&mut view.writing, &Request::Pause).await.unwrap();
    view.until(|snapshot| snapshot.state == RunState::Paused).await;
    assert!(served.desk.control.is_paused());
    send(&mut view.writing, &Request::Resume).await.unwrap();
    view.until(|snapshot| snapshot.state == RunState::Running).await;
    assert!(!served.desk.control.is_paused());
    send(&mut view.writing, &Request::Cancel).await.unwrap();
    timeout(Duration::from_secs(20), served.desk.control.token().cancelled()).await.unwrap();
    view.until(|snapshot| snapshot.log.iter().any(|line| line.text == "cancel, asked by test")).await;
}

#[tokio::test]
async fn the_end_is_the_last_line_of_every_view() {
    let served = Served::new(1);
    let mut early = served.view().await;
    let last = RunSnapshot { state: RunState::Done, finished: Some(chrono::DateTime::UNIX_EPOCH), ..snapshot(1) };
    served.desk.board.end(last.clone());
    early.until(|snapshot| snapshot.finished.is_some()).await;
    assert_eq!(early.snapshot, last);
    assert_eq!(early.lines.next::<Reply>().await.unwrap(), None);
    let (mut lines, mut writing) = served.connect().await;
    send(&mut writing, &Hello { version: Hello::VERSION, name: "late".to_owned(), once: false }).await.unwrap();
    assert!(matches!(lines.next().await.unwrap(), Some(Reply::Ended { snapshot }) if *snapshot == last));
    assert_eq!(lines.next::<Reply>().await.unwrap(), None);
}

#[tokio::test]
async fn a_look_is_one_line_and_is_not_counted() {
    let served = Served::new(1);
    let mut view = served.view().await;
    view.until(|snapshot| snapshot.watchers == 1).await;
    let (mut lines, mut writing) = served.connect().await;
    send(&mut writing, &Hello { version: Hello::VERSION, name: "jobs".to_owned(), once: true }).await.unwrap();
    assert!(matches!(lines.next().await.unwrap(), Some(Reply::Welcome { snapshot }) if snapshot.watchers == 1));
    assert_eq!(lines.next::<Reply>().await.unwrap(), None);
}

#[tokio::test]
async fn what_is_no_view_is_refused() {
    let served = Served::new(1);
    for line in ["{\"version\":99,\"name\":\"x\"}\n", "nonsense\n", "\u{0}\n"] {
        let (mut lines, mut writing) = served.connect().await;
        writing.write_all(line.as_bytes()).await.unwrap();
        writing.flush().await.unwrap();
        assert!(matches!(lines.next().await.unwrap(), Some(Reply::Refused { .. })), "{line}");
        assert_eq!(lines.next::<Reply>().await.unwrap(), None);
    }
}

#[test]
fn only_the_user_of_the_run_is_admitted() {
    assert_eq!(admit(Some(1000), 1000), Ok(()));
    for other in [Some(1001), Some(0), None] {
        assert_eq!(admit(other, 1000).unwrap_err().code, Code::Permission);
    }
}

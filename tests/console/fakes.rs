//! Servers that are played: every effect is answered, well or with a failure, after a while.

use lakehand::app::{Details, DoctorMsg, Effect, Failure, LakeMsg, Msg, PlanMsg, PreviewMsg, Reading, RunMsg};
use lakehand::error::{Code, Error, Reason};
use lakehand::model::{
    Check, FileTime, FooterFacts, Footers, Health, KnownFile, RunKind, Size, StorePath, Subject, TableKind, TableName,
    TargetId,
};

use crate::console::now;
use crate::lake::{tables, targets};
use crate::runs::{ended, live_summary, plan, run_id, shown_message, snapshot, summaries, verdicts};

/// Chance with a seed (SplitMix64), so that what fails can be played again.
pub struct Chance(pub u64);

impl Chance {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    pub fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    pub fn of<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }
}

fn failure(code: Code) -> Failure {
    Failure::from(Error::new(code, "it was played that this fails").why("chance").next("r tries again"))
}

fn ended_reading(reading: Reading, stopped: bool) -> Msg {
    Msg::Lake(LakeMsg::Ended { reading, stopped })
}

fn failed_reading(reading: Reading) -> Msg {
    Msg::Lake(LakeMsg::Failed { reading, failure: failure(Code::Unavailable) })
}

/// What comes back for an effect.
pub fn answers(effect: &Effect, chance: &mut Chance) -> Vec<Msg> {
    let well = !chance.one_in(5);
    match effect {
        Effect::LoadLake | Effect::ScanLake if well => {
            vec![Msg::Lake(LakeMsg::Cached(tables())), ended_reading(Reading::Lake, false)]
        }
        Effect::LoadLake | Effect::ScanLake => vec![failed_reading(Reading::Lake)],
        Effect::ScanTables(names) => names.iter().flat_map(|name| scanned(name, well)).collect(),
        Effect::ScanTable(name) => scanned(name, well),
        Effect::ScanTarget(target) => {
            let reading = Reading::Target(target.clone());
            vec![if well { ended_reading(reading, false) } else { failed_reading(reading) }]
        }
        Effect::ListFiles(target) => vec![Msg::Files { target: target.clone(), files: files(chance, well) }],
        Effect::Inspect { subject, footers } if well => vec![details(subject, *footers != Footers::None)],
        Effect::Inspect { subject, footers } if *footers != Footers::None => {
            vec![failed_reading(Reading::Footers(subject.clone()))]
        }
        Effect::Inspect { .. } => vec![Msg::Failed(failure(Code::Permission))],
        Effect::Plan { .. } if well => {
            vec![Msg::Plan(PlanMsg::Footers { done: 10, total: 1_000 }), Msg::Plan(PlanMsg::Made(Box::new(plan())))]
        }
        Effect::Plan { .. } => vec![Msg::Plan(PlanMsg::Failed(failure(Code::Unavailable)))],
        Effect::CheckPlan(plan) => {
            let reason = Reason::new(Code::PlanDrift, "+3 files");
            let drifted = if well { Vec::new() } else { vec![(plan.targets[0].id.clone(), reason)] };
            vec![Msg::Plan(PlanMsg::Checked { plan: plan.plan.clone(), at: now(), drifted })]
        }
        Effect::SavePlan { .. } => vec![Msg::Plan(PlanMsg::Saved("a file".to_owned()))],
        Effect::ListRuns if well => {
            let mut runs = summaries();
            runs.extend(chance.one_in(2).then(live_summary));
            vec![Msg::Run(RunMsg::Listed { runs, complete: !chance.one_in(4) })]
        }
        Effect::ShowRun(run) if well => vec![shown_message(run.clone())],
        Effect::ListRuns | Effect::ShowRun(_) => vec![Msg::Run(RunMsg::Failed(failure(Code::Unavailable)))],
        Effect::Attach(run) => vec![Msg::Run(match chance.below(3) {
            0 => RunMsg::Lost { run: run.clone(), failure: failure(Code::NotAttachable) },
            1 => RunMsg::Ended(Box::new(ended())),
            _ => RunMsg::Attached(Box::new(snapshot())),
        })],
        Effect::Preview { kind, of, .. } => preview(*kind, of, well),
        Effect::Execute { .. } | Effect::Rollback { .. } | Effect::Cleanup { .. } | Effect::Recover { .. } => {
            vec![Msg::Run(match well {
                true => RunMsg::Started(run_id("1121-0942-p2c")),
                false => RunMsg::Failed(failure(Code::LeaseHeld)),
            })]
        }
        Effect::Examine => examined(well),
        Effect::Copy { what, text } => {
            vec![Msg::Copied { what: what.clone(), shown: (!well).then(|| text.clone()) }]
        }
        Effect::StopReading => {
            let readings = tables().into_iter().map(|table| Reading::Table(table.name));
            readings.chain([Reading::Lake]).map(|reading| ended_reading(reading, true)).collect()
        }
        _ => Vec::new(),
    }
}

/// What doctor finds.
pub fn checks() -> Vec<Check> {
    let check = |name: &str, health, text: &str, next: Option<&str>| Check {
        name: name.to_owned(),
        health,
        text: text.to_owned(),
        next: next.map(str::to_owned),
        elapsed_ms: 3,
    };
    vec![
        check("kerberos", Health::Ok, "oncall@LAKE.EXAMPLE, 7h left", None),
        check(
            "namenode nn1",
            Health::Failed,
            "no connection in 2.0 s; the lake works through another one",
            Some("tell the HDFS team"),
        ),
        check("namenode nn2", Health::Ok, "active, 3 ms", None),
        check("metastore", Health::Slow, "hms1 2,140 ms, says version 3.1", None),
        check(
            "logout",
            Health::Warn,
            "this host ends processes at logout, workers too",
            Some("loginctl enable-linger"),
        ),
        check(
            "leftovers",
            Health::Warn,
            "4 targets of dead or working runs not at rest",
            Some("lakehand recover --dry-run"),
        ),
    ]
}

fn examined(well: bool) -> Vec<Msg> {
    let mut told: Vec<Msg> = checks().into_iter().map(|check| Msg::Doctor(DoctorMsg::Check(check))).collect();
    told.push(Msg::Doctor(if well { DoctorMsg::Done(checks()) } else { DoctorMsg::Failed(failure(Code::Usage)) }));
    told
}

fn scanned(name: &TableName, well: bool) -> Vec<Msg> {
    let reading = Reading::Table(name.clone());
    if !well {
        return vec![failed_reading(reading)];
    }
    let of = |table: &TableName| TargetId::new(table, None);
    let found = targets().into_iter().map(|mut target| {
        target.id = TargetId { partition: target.id.partition.clone(), ..of(name) };
        target
    });
    vec![
        Msg::Lake(LakeMsg::Progress { reading: reading.clone(), done: 17, total: Some(90_000) }),
        Msg::Lake(LakeMsg::Targets { table: name.clone(), targets: found.collect() }),
        ended_reading(reading, false),
    ]
}

fn files(chance: &mut Chance, well: bool) -> Result<Vec<KnownFile>, Failure> {
    if !well {
        return Err(failure(Code::Permission));
    }
    let file = |number: u64| KnownFile {
        name: format!("part-{number:05}.parquet"),
        length: Size(number * number * 9_000),
        modified: FileTime(0),
    };
    Ok((0..chance.below(60)).map(file).collect())
}

fn details(subject: &Subject, footers: bool) -> Msg {
    Msg::Details(Box::new(Details {
        subject: subject.clone(),
        kind: TableKind::External,
        location: StorePath::new("/data/lake/sales/orders").unwrap(),
        owner: None,
        replication: Some(3),
        partition_keys: Vec::new(),
        properties: vec![("location".to_owned(), "/data/lake/sales/orders".to_owned())],
        refusals: Vec::new(),
        footers: footers.then(FooterFacts::default),
    }))
}

fn preview(kind: RunKind, of: &lakehand::model::RunId, well: bool) -> Vec<Msg> {
    if !well {
        return vec![Msg::Preview(PreviewMsg::Failed { of: of.clone(), failure: failure(Code::Unavailable) })];
    }
    let targets = verdicts(of);
    let total = targets.len() as u64;
    let disposal = (kind == RunKind::Cleanup).then(|| "at once".to_owned());
    vec![
        Msg::Preview(PreviewMsg::Targets { of: of.clone(), targets, total }),
        Msg::Preview(PreviewMsg::Done { of: of.clone(), elapsed_ms: 800, disposal }),
    ]
}

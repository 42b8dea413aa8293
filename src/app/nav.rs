//! Where the console is: one view, the views before it, and which kind of screen each is.

use crate::model::{RunId, Subject, TableName, TargetId};

/// The kinds of screens; keys mean something on a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Screen {
    /// The worst tables of all databases.
    Lake,
    /// Databases, tables, partitions, files.
    Browse,
    /// A table or partition.
    Inspect,
    /// What is marked.
    Basket,
    /// What would be done.
    Plan,
    /// The nine steps of one target.
    Steps,
    /// Runs that work.
    Jobs,
    /// One run, live or at its end.
    Run,
    /// Every run.
    History,
    /// The targets of a run.
    RunTargets,
    /// What an act on a run would do, and its question.
    Preview,
    /// The log.
    Log,
    /// What needs a person.
    Attention,
    /// What a run needs, checked.
    Doctor,
    /// Without a configuration.
    Start,
    /// Help.
    Help,
}

impl Screen {
    /// Every kind.
    pub const ALL: &'static [Screen] = &[
        Screen::Lake,
        Screen::Browse,
        Screen::Inspect,
        Screen::Basket,
        Screen::Plan,
        Screen::Steps,
        Screen::Jobs,
        Screen::Run,
        Screen::History,
        Screen::RunTargets,
        Screen::Preview,
        Screen::Log,
        Screen::Attention,
        Screen::Doctor,
        Screen::Start,
        Screen::Help,
    ];

    /// Its name in titles and documentation.
    pub fn title(self) -> &'static str {
        match self {
            Screen::Lake => "Lake",
            Screen::Browse => "Browse",
            Screen::Inspect => "Inspect",
            Screen::Basket => "Basket",
            Screen::Plan => "Plan",
            Screen::Steps => "Plan, steps",
            Screen::Jobs => "Jobs",
            Screen::Run => "Run",
            Screen::History => "History",
            Screen::RunTargets => "History, targets",
            Screen::Preview => "Preview",
            Screen::Log => "Log",
            Screen::Attention => "Needs a person",
            Screen::Doctor => "Doctor",
            Screen::Start => "Start",
            Screen::Help => "Help",
        }
    }
}

/// One place.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "named as their screens are")]
pub enum View {
    Start,
    Lake,
    Databases,
    Tables(String),
    Partitions(TableName),
    Files(TargetId),
    Inspect(Subject),
    Basket,
    Plan,
    Steps(usize),
    Jobs,
    Run(RunId),
    History,
    RunTargets(RunId),
    Preview,
    Log,
    Attention,
    Doctor,
}

impl View {
    /// Its kind.
    pub fn screen(&self) -> Screen {
        match self {
            View::Start => Screen::Start,
            View::Lake => Screen::Lake,
            View::Databases | View::Tables(_) | View::Partitions(_) | View::Files(_) => Screen::Browse,
            View::Inspect(_) => Screen::Inspect,
            View::Basket => Screen::Basket,
            View::Plan => Screen::Plan,
            View::Steps(_) => Screen::Steps,
            View::Jobs => Screen::Jobs,
            View::Run(_) => Screen::Run,
            View::History => Screen::History,
            View::RunTargets(_) => Screen::RunTargets,
            View::Preview => Screen::Preview,
            View::Log => Screen::Log,
            View::Attention => Screen::Attention,
            View::Doctor => Screen::Doctor,
        }
    }
}

/// The views that were shown, and which of them is.
#[derive(Clone, Debug)]
pub struct Trail {
    views: Vec<View>,
    at: usize,
    last: Option<View>,
}

impl Trail {
    /// Begins at a view.
    pub fn new(view: View) -> Trail {
        Trail { views: vec![view], at: 0, last: None }
    }

    /// The view that is shown.
    pub fn view(&self) -> &View {
        &self.views[self.at]
    }

    /// Goes to a view; what was forward is forgotten.
    pub fn go(&mut self, view: View) {
        if *self.view() == view {
            return;
        }
        self.last = Some(self.view().clone());
        self.views.truncate(self.at + 1);
        self.views.push(view);
        if self.views.len() > 100 {
            self.views.remove(0);
        }
        self.at = self.views.len() - 1;
    }

    /// Replaces the view, as a step is replaced by the next.
    pub fn replace(&mut self, view: View) {
        self.views[self.at] = view;
    }

    /// One back.
    pub fn back(&mut self) -> bool {
        self.step_to(self.at.checked_sub(1))
    }

    /// One forward.
    pub fn forward(&mut self) -> bool {
        self.step_to(Some(self.at + 1).filter(|at| *at < self.views.len()))
    }

    fn step_to(&mut self, at: Option<usize>) -> bool {
        match at {
            Some(at) => {
                self.last = Some(self.view().clone());
                self.at = at;
                true
            }
            None => false,
        }
    }

    /// To the view that was shown before this one, and back with the same key.
    pub fn last(&mut self) -> bool {
        match self.last.clone() {
            Some(view) => {
                self.go(view);
                true
            }
            None => false,
        }
    }

    /// Out to `parent`: back where that is the view before, else to it anew.
    pub fn out(&mut self, parent: View) {
        if self.at > 0 && self.views[self.at - 1] == parent {
            self.back();
        } else {
            self.go(parent);
        }
    }

    /// Up to `parent`: back where that is the view before, else in this view's place, so that leaving the parent never
    /// comes back here.
    pub fn up(&mut self, parent: View) {
        if self.came_from(&parent) {
            self.back();
        } else {
            self.last = Some(self.view().clone());
            self.replace(parent);
        }
    }

    /// Whether the view before this one is `view`.
    pub fn came_from(&self, view: &View) -> bool {
        self.at > 0 && self.views[self.at - 1] == *view
    }

    /// Leaves the view: back, or to Lake.
    pub fn leave(&mut self) -> bool {
        if self.back() {
            return true;
        }
        if *self.view() == View::Lake {
            return false;
        }
        self.go(View::Lake);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn back_forward_and_last() {
        let mut trail = Trail::new(View::Lake);
        trail.go(View::Basket);
        trail.go(View::Plan);
        assert!(trail.back() && *trail.view() == View::Basket);
        assert!(trail.forward() && *trail.view() == View::Plan);
        assert!(!trail.forward());
        trail.go(View::Log);
        assert!(trail.last() && *trail.view() == View::Plan);
        assert!(trail.last() && *trail.view() == View::Log);
        trail.out(View::Plan);
        assert_eq!(*trail.view(), View::Plan);
        let mut root = Trail::new(View::Lake);
        assert!(!root.leave());
    }

    #[test]
    fn up_and_out_comes_to_the_lake() {
        let mut trail = Trail::new(View::Lake);
        for view in [View::Plan, View::Steps(0), View::Log, View::Steps(0)] {
            trail.go(view);
        }
        trail.up(View::Plan);
        assert_eq!(*trail.view(), View::Plan);
        assert!(trail.leave() && *trail.view() == View::Log);
    }
}

//! How long a run still takes, by how it went lately.

use std::collections::VecDeque;
use std::time::Duration;

/// From then on the time left is told.
const FROM: Duration = Duration::from_secs(10);
/// It is what the work left takes at the speed of so long a time.
const BY: Duration = Duration::from_secs(30);

/// The course of a run: which share of its work was done when.
#[derive(Debug, Default)]
pub(super) struct Course {
    points: VecDeque<(Duration, f32)>,
    limit: Option<u64>,
}

impl Course {
    /// The time left, in milliseconds; none at first, and while nothing moves. A pause and another limit begin it anew:
    /// what was before tells nothing of what comes.
    pub(super) fn left(&mut self, now: Duration, share: f32, paused: bool, limit: Option<u64>) -> Option<u64> {
        if paused || limit != self.limit {
            self.points.clear();
            self.limit = limit;
        }
        self.points.push_back((now, share));
        while self.points.get(1).is_some_and(|(at, _)| now.saturating_sub(*at) >= BY) {
            self.points.pop_front();
        }
        let (at, before) = *self.points.front()?;
        let (over, moved) = (now.saturating_sub(at), f64::from(share - before));
        let told = over >= FROM && moved > 0.0;
        told.then(|| (over.as_secs_f64() * f64::from(1.0 - share) / moved * 1_000.0) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOW: Option<u64> = Some(1);

    fn seconds(left: Option<u64>) -> Option<u64> {
        left.map(|left| (left + 500) / 1_000)
    }

    #[test]
    fn the_last_half_minute_tells_what_is_left() {
        let mut course = Course::default();
        let mut at = |second: u64, share: f32| seconds(course.left(Duration::from_secs(second), share, false, None));
        assert_eq!((at(0, 0.0), at(9, 0.09)), (None, None), "too early");
        assert_eq!(at(10, 0.1), Some(90));
        assert_eq!(at(40, 0.4), Some(60));
        assert_eq!(at(60, 0.4), Some(100), "slower");
        assert_eq!(at(70, 0.4), None, "nothing moved for half a minute");
    }

    #[test]
    fn a_pause_and_another_limit_begin_anew() {
        let mut course = Course::default();
        let mut at =
            |second, share, paused, limit| seconds(course.left(Duration::from_secs(second), share, paused, limit));
        at(0, 0.0, false, None);
        assert_eq!(at(20, 0.2, false, None), Some(80));
        assert_eq!(at(30, 0.2, true, None), None);
        assert_eq!(at(600, 0.2, true, None), None);
        assert_eq!(at(605, 0.25, false, None), None, "too early after a pause");
        assert_eq!(at(610, 0.3, false, None), Some(70), "the pause is not counted");
        assert_eq!(at(611, 0.31, false, SLOW), None, "too early under a limit");
        assert_eq!(at(631, 0.33, false, SLOW), Some(670));
    }
}

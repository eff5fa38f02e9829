//! Sets of byte ranges.

use std::collections::BTreeMap;
use std::ops::Range;

/// Disjoint ranges, joined where they touch: start to end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ranges {
    runs: BTreeMap<u64, u64>,
}

impl Ranges {
    pub(super) fn insert(&mut self, range: Range<u64>) {
        if range.is_empty() {
            return;
        }
        let Range { mut start, mut end } = range;
        if let Some((&before, &before_end)) = self.runs.range(..=start).next_back()
            && before_end >= start
        {
            start = before;
            end = end.max(before_end);
        }
        while let Some((&next, &next_end)) = self.runs.range(start..=end).next() {
            self.runs.remove(&next);
            end = end.max(next_end);
        }
        self.runs.insert(start, end);
    }

    pub(super) fn remove(&mut self, range: &Range<u64>) {
        let overlapping: Vec<(u64, u64)> = self
            .runs
            .range(..range.end)
            .filter(|(_, end)| **end > range.start)
            .map(|(s, e)| (*s, *e))
            .collect();
        for (start, end) in overlapping {
            self.runs.remove(&start);
            if start < range.start {
                self.runs.insert(start, range.start);
            }
            if end > range.end {
                self.runs.insert(range.end, end);
            }
        }
    }

    pub(super) fn union(&self, other: &Ranges) -> Ranges {
        let mut union = self.clone();
        other.iter().for_each(|range| union.insert(range));
        union
    }

    /// The first range below `size` that is not in the set.
    pub(super) fn first_gap(&self, size: u64) -> Option<Range<u64>> {
        let mut start = 0;
        for (run, end) in &self.runs {
            if *run > start {
                return Some(start..*run.min(&size)).filter(|gap| !gap.is_empty());
            }
            start = *end;
        }
        Some(start..size).filter(|gap| !gap.is_empty())
    }

    /// How many bytes follow without a gap from `offset` on.
    pub(super) fn run_from(&self, offset: u64) -> u64 {
        match self.runs.range(..=offset).next_back() {
            Some((_, end)) => end.saturating_sub(offset),
            None => 0,
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.runs.iter().map(|(start, end)| end - start).sum()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Range<u64>> {
        self.runs.iter().map(|(start, end)| *start..*end)
    }
}

#[cfg(test)]
#[expect(clippy::single_range_in_vec_init, reason = "sets of one piece are meant")]
mod tests {
    use super::*;

    fn set(ranges: &[Range<u64>]) -> Ranges {
        let mut set = Ranges::default();
        ranges.iter().for_each(|range| set.insert(range.clone()));
        set
    }

    #[test]
    fn ranges_join_split_and_count() {
        let list = |set: &Ranges| set.iter().collect::<Vec<_>>();
        assert_eq!(list(&set(&[0..5, 5..9])), [0..9]);
        assert_eq!(list(&set(&[5..9, 0..3])), [0..3, 5..9]);
        assert_eq!(list(&set(&[0..3, 5..9, 2..6])), [0..9]);
        assert_eq!(list(&set(&[2..4, 0..9])), [0..9]);
        assert_eq!(list(&set(&[3..3])), []);
        let mut cut = set(&[0..10]);
        cut.remove(&(3..5));
        assert_eq!(list(&cut), [0..3, 5..10]);
        cut.remove(&(0..20));
        assert_eq!(cut.bytes(), 0);
    }

    #[test]
    fn gaps_and_runs() {
        let some = set(&[2..4, 6..8]);
        assert_eq!(some.first_gap(10), Some(0..2));
        assert_eq!(set(&[0..4, 6..8]).first_gap(10), Some(4..6));
        assert_eq!(set(&[0..4]).first_gap(10), Some(4..10));
        assert_eq!(set(&[0..10]).first_gap(10), None);
        assert_eq!(some.run_from(2), 2);
        assert_eq!(some.run_from(3), 1);
        assert_eq!(some.run_from(4), 0);
        assert_eq!(some.bytes(), 4);
    }
}

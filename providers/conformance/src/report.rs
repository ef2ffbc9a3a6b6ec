//! What the checks found.

use std::fmt;

/// Why a check ended early.
#[derive(Debug)]
pub(crate) enum Stop {
    Skipped(String),
    Failed(String),
}

/// How many cases a check went through.
pub(crate) type Checked = Result<usize, Stop>;

/// Ends a check as failed unless the condition holds.
macro_rules! ensure {
    ($condition:expr, $($what:tt)+) => {
        if !$condition {
            return Err($crate::report::Stop::Failed(format!($($what)+)));
        }
    };
}

/// Ends a check as failed unless both are equal.
macro_rules! ensure_eq {
    ($left:expr, $right:expr, $($what:tt)+) => {
        match (&$left, &$right) {
            (left, right) if left == right => {}
            (left, right) => {
                let what = format!($($what)+);
                return Err($crate::report::Stop::Failed(format!("{what}: {left:?}, expected {right:?}")));
            }
        }
    };
}

pub(crate) use {ensure, ensure_eq};

/// An error of the provider where there should be none.
pub(crate) trait OrFail<T> {
    fn or_fail(self, what: &str) -> Result<T, Stop>;
}

impl<T, E: fmt::Display> OrFail<T> for Result<T, E> {
    fn or_fail(self, what: &str) -> Result<T, Stop> {
        self.map_err(|error| Stop::Failed(format!("{what}: {error}")))
    }
}

/// What became of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It holds, in so many cases.
    Passed(usize),
    /// It could not be made; the text says why.
    Skipped(String),
    /// It does not hold; the text says what is wrong.
    Failed(String),
}

/// What all checks found, in the order in which they ran.
///
/// Its `Display` form is a table.
#[derive(Debug, Clone)]
pub struct Report(Vec<(&'static str, Outcome)>);

impl Report {
    pub(crate) fn of(outcomes: impl Iterator<Item = (&'static str, Outcome)>) -> Self {
        Self(outcomes.collect())
    }

    /// Each check with what became of it.
    #[must_use]
    pub fn outcomes(&self) -> &[(&'static str, Outcome)] {
        &self.0
    }

    /// Prints the table.
    ///
    /// # Panics
    /// If a check failed, or none ran.
    pub fn assert(&self) {
        println!("{self}");
        let failed = self.0.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Failed(_))).count();
        assert!(failed == 0, "{failed} of {} checks failed:\n{self}", self.0.len());
        assert!(self.0.iter().any(|(_, outcome)| matches!(outcome, Outcome::Passed(_))), "no check ran:\n{self}");
    }

    /// As [`assert`](Self::assert), and every check must have been made but those named here, which are known to be
    /// impossible.
    ///
    /// # Panics
    /// Also if another check was skipped, or one of these was not.
    pub fn assert_complete_but(&self, impossible: &[&str]) {
        self.assert();
        let skipped = self.0.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Skipped(_)));
        let skipped: Vec<_> = skipped.map(|(name, _)| *name).collect();
        assert_eq!(skipped, impossible, "these checks were skipped:\n{self}");
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, outcome) in &self.0 {
            match outcome {
                Outcome::Passed(cases) => writeln!(f, "{name:26} passed, {cases} cases")?,
                Outcome::Skipped(why) => writeln!(f, "{name:26} skipped: {why}")?,
                Outcome::Failed(what) => writeln!(f, "{name:26} FAILED: {what}")?,
            }
        }
        Ok(())
    }
}

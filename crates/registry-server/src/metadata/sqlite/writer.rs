//! The thread that changes the database, a group at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::{failed, is_full};
use crate::error::{Error, Result};
use crate::limits::CHANGES_WAITING_MAX;

/// Changes of one group: more would make the first of them wait.
const GROUP: usize = 256;

/// Whether a change has to survive the death of the machine, or only that of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Durability {
    /// It was acknowledged.
    Synced,
    /// It can be made again.
    Process,
}

type Change = Box<dyn FnOnce(&Connection) -> Answered + Send>;
/// Hands the result to who waits: what the change returned, or how the transaction of its group failed.
type Answered = Box<dyn FnOnce(std::result::Result<(), &rusqlite::Error>) + Send>;

struct Job {
    durability: Durability,
    change: Change,
}

/// The way to the thread.
pub(super) struct Writer {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    synced: AtomicU64,
    changes: AtomicU64,
}

impl Writer {
    pub(super) fn start(connection: Connection) -> Result<Writer> {
        let (sender, jobs) = mpsc::channel(CHANGES_WAITING_MAX);
        let counts = Arc::new(Counts::default());
        let thread = std::thread::Builder::new().name("registry-metadata".to_owned()).spawn({
            let counts = Arc::clone(&counts);
            move || work(&connection, jobs, &counts)
        });
        let thread = thread.map_err(Error::Threads)?;
        Ok(Writer { jobs: Some(sender), thread: Some(thread), counts })
    }

    pub(super) fn commits(&self) -> (u64, u64) {
        (self.counts.synced.load(Ordering::Relaxed), self.counts.changes.load(Ordering::Relaxed))
    }

    pub(super) async fn change<T: Send + 'static>(
        &self,
        doing: &'static str,
        durability: Durability,
        change: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let (sender, answer) = oneshot::channel();
        let job =
            Job { durability, change: Box::new(move |connection| run(doing, connection, change, sender)) };
        let jobs = self.jobs.as_ref().ok_or(Error::Stopping)?;
        jobs.try_send(job).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => Error::Overloaded,
            mpsc::error::TrySendError::Closed(_) => Error::Stopping,
        })?;
        answer.await.unwrap_or(Err(Error::Stopping))
    }
}

impl Drop for Writer {
    /// Waits for what has been begun.
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Makes a change, unless the transaction could not be begun or has been given up: it would then be committed
/// alone, after who asked for it was told that it failed.
fn run<T: Send + 'static>(
    doing: &'static str,
    connection: &Connection,
    change: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    sender: oneshot::Sender<Result<T>>,
) -> Answered {
    let in_transaction = !connection.is_autocommit();
    let result = in_transaction.then(|| in_savepoint(connection, change).map_err(|e| failed(doing, e)));
    Box::new(move |group| {
        let answer = match (group, result) {
            (_, Some(Err(error))) => Err(error),
            (Err(error), _) => {
                Err(Error::Metadata { doing, full: is_full(error), source: error.to_string().into() })
            }
            (Ok(()), Some(result)) => result,
            (Ok(()), None) => Err(Error::Stopping),
        };
        let _ = sender.send(answer);
    })
}

fn in_savepoint<T>(
    connection: &Connection,
    change: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    connection.prepare_cached("SAVEPOINT change")?.execute([])?;
    let result = change(connection);
    if result.is_err() {
        // A full disk, for one, makes SQLite give up the whole transaction: there is no savepoint to go back to.
        if connection.is_autocommit() {
            return result;
        }
        connection.prepare_cached("ROLLBACK TO change")?.execute([])?;
    }
    connection.prepare_cached("RELEASE change")?.execute([])?;
    result
}

fn work(connection: &Connection, mut jobs: mpsc::Receiver<Job>, counts: &Counts) {
    let mut group = Vec::with_capacity(GROUP);
    while jobs.blocking_recv_many(&mut group, GROUP) > 0 {
        let synced = group.iter().any(|job| job.durability == Durability::Synced);
        counts.changes.fetch_add(group.len() as u64, Ordering::Relaxed);
        counts.synced.fetch_add(u64::from(synced), Ordering::Relaxed);
        perform(connection, &mut group, synced);
    }
}

fn perform(connection: &Connection, group: &mut Vec<Job>, synced: bool) {
    let level = if synced { "PRAGMA synchronous = FULL" } else { "PRAGMA synchronous = NORMAL" };
    let begun = connection.execute_batch(level).and_then(|()| begin(connection));
    let answers: Vec<Answered> = group.drain(..).map(|job| (job.change)(connection)).collect();
    let group = begun.and_then(|()| commit(connection));
    for answer in answers {
        answer(group.as_ref().copied());
    }
}

fn begin(connection: &Connection) -> rusqlite::Result<()> {
    connection.prepare_cached("BEGIN IMMEDIATE")?.execute([]).map(drop)
}

fn commit(connection: &Connection) -> rusqlite::Result<()> {
    let result = connection.prepare_cached("COMMIT")?.execute([]).map(drop);
    if result.is_err() && !connection.is_autocommit() {
        connection.execute_batch("ROLLBACK")?;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn insert(number: i64) -> (Job, oneshot::Receiver<Result<()>>) {
        let (sender, answer) = oneshot::channel();
        let change = move |connection: &Connection| {
            // As SQLite does by itself when the disk is full.
            if number < 0 {
                connection.execute_batch("ROLLBACK")?;
                let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_FULL);
                return Err(rusqlite::Error::SqliteFailure(code, None));
            }
            connection.execute("INSERT INTO t VALUES (?1)", [number]).map(drop)
        };
        let change: Change = Box::new(move |connection| run("insert", connection, change, sender));
        (Job { durability: Durability::Synced, change }, answer)
    }

    /// Performs a group. What each of its changes was answered, and what is there then.
    fn group(connection: &Connection, numbers: &[i64]) -> (Vec<Result<()>>, Vec<i64>) {
        let (mut jobs, answers): (Vec<_>, Vec<_>) = numbers.iter().map(|number| insert(*number)).unzip();
        perform(connection, &mut jobs, true);
        let answers = answers.into_iter().map(|answer| answer.blocking_recv().unwrap()).collect();
        let mut statement = connection.prepare("SELECT n FROM t ORDER BY n").unwrap();
        let there = statement.query_map([], |row| row.get(0)).unwrap().map(std::result::Result::unwrap);
        (answers, there.collect())
    }

    fn database(folder: &tempfile::TempDir) -> Connection {
        let connection = Connection::open(folder.path().join("db")).unwrap();
        connection.busy_timeout(std::time::Duration::ZERO).unwrap();
        connection.execute_batch("CREATE TABLE IF NOT EXISTS t (n INTEGER UNIQUE)").unwrap();
        connection
    }

    #[test]
    fn one_change_that_fails_leaves_the_others() {
        let folder = tempfile::tempdir().unwrap();
        let (answers, there) = group(&database(&folder), &[1, 1, 2]);
        assert_eq!(answers.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
        assert_eq!(there, [1, 2]);
    }

    #[test]
    fn nothing_is_done_outside_a_transaction() {
        let folder = tempfile::tempdir().unwrap();
        let (connection, other) = (database(&folder), database(&folder));
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let (answers, there) = group(&connection, &[1, 2]);
        assert!(answers.iter().all(Result::is_err) && there.is_empty(), "{answers:?} {there:?}");
        assert!(answers[0].as_ref().unwrap_err().to_string().contains("locked"), "{answers:?}");
        other.execute_batch("ROLLBACK").unwrap();
        // The disk is full in the middle of a group.
        let (answers, there) = group(&connection, &[1, -1, 2]);
        assert!(answers.iter().all(Result::is_err) && there.is_empty(), "{answers:?} {there:?}");
        assert!(answers[1].as_ref().unwrap_err().is_full(), "{answers:?}");
        assert_eq!(group(&connection, &[3]).1, [3]);
    }
}

//! The thread that changes the database, a group at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::failed;
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
/// Hands the result to who waits: what the change returned, or how the commit failed.
type Answered = Box<dyn FnOnce(std::result::Result<(), &str>) + Send>;

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

fn run<T: Send + 'static>(
    doing: &'static str,
    connection: &Connection,
    change: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    sender: oneshot::Sender<Result<T>>,
) -> Answered {
    let result = in_savepoint(connection, change).map_err(|e| failed(doing, e));
    Box::new(move |commit| {
        let answer = match (commit, result) {
            (Ok(()), result) => result,
            (Err(_), Err(error)) => Err(error),
            (Err(text), Ok(_)) => {
                let full = text.contains("full");
                Err(Error::Metadata { doing, full, source: text.into() })
            }
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
    let committed = begun.and_then(|()| commit(connection));
    let text = committed.err().map(|error| error.to_string());
    for answer in answers {
        answer(text.as_deref().map_or(Ok(()), Err));
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

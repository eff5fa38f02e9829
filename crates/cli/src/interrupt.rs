//! What Ctrl-C and SIGTERM do: an operation is asked to stop and gets a moment to leave the store tidy; a
//! question is left unanswered.
//!
//! The command runs in a thread of its own while the first thread waits for its end or for a signal, whichever
//! comes first. A command that does not stop in time is left behind: the store stands that at any moment.
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use engine::Cancel;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::ui::Question;
use crate::{Context, Failure};

/// How long an operation may take to stop; people wait about a second before they press again.
const GRACE: Duration = Duration::from_millis(900);
/// Exit code of a program that panicked, as Rust has it.
const PANICKED: u8 = 101;

/// How long a command may take to stop, when it says so itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Patience {
    time: Arc<OnceLock<Duration>>,
    /// Whether signals are the command's own affair.
    left_alone: Arc<AtomicBool>,
}

impl Patience {
    /// Asks for more time than operations usually get, for a server that lets its requests end. A second signal
    /// ends it all the same.
    pub(crate) fn ask(&self, time: Duration) {
        // The first who asks gets it: there is one command in a process.
        let _ = self.time.set(time);
    }

    /// Signals do not end the command: it hands them on to somebody else.
    pub(crate) fn leave_signals_to_command(&self) {
        self.left_alone.store(true, Ordering::SeqCst);
    }

    fn time(&self) -> Duration {
        self.time.get().copied().unwrap_or(GRACE)
    }
}

enum News {
    Ended(u8),
    Signal(i32),
}

/// Runs a command until it ends or a signal ends it; the exit code.
pub(crate) fn until_interrupted(
    mut context: Context,
    command: impl FnOnce(&mut Context) -> u8 + Send + 'static,
) -> u8 {
    let (sender, news) = mpsc::channel();
    let (cancel, question) = (context.cancel.clone(), context.ui.question());
    let patience = context.patience.clone();
    // Without handlers a signal ends the process at once, which the store stands, too.
    if let Ok(signals) = Signals::new([SIGINT, SIGTERM]) {
        let sender = sender.clone();
        thread::spawn(move || forward(signals, &sender));
    }
    thread::spawn(move || {
        let mut ending = Ending { sender, exit: PANICKED };
        ending.exit = command(&mut context);
    });
    wait(&news, &cancel, &question, &patience)
}

fn forward(mut signals: Signals, sender: &Sender<News>) {
    for signal in signals.forever() {
        if sender.send(News::Signal(signal)).is_err() {
            return;
        }
    }
}

/// Tells the end of a command, also of one that panicked.
struct Ending {
    sender: Sender<News>,
    exit: u8,
}

impl Drop for Ending {
    fn drop(&mut self) {
        // Nobody listens any more when a signal has ended it all.
        let _ = self.sender.send(News::Ended(self.exit));
    }
}

fn wait(news: &Receiver<News>, cancel: &Cancel, question: &Question, patience: &Patience) -> u8 {
    let signal = loop {
        match news.recv() {
            Ok(News::Ended(exit)) => return exit,
            Ok(News::Signal(_)) if patience.left_alone.load(Ordering::SeqCst) => {}
            Ok(News::Signal(_)) if question.abandon() => return 0,
            Ok(News::Signal(signal)) => break signal,
            Err(_) => return PANICKED,
        }
    };
    cancel.cancel();
    let interrupted = u8::try_from(128 + signal).unwrap_or(Failure::INTERRUPTED);
    match news.recv_timeout(patience.time()) {
        // It was done before it noticed.
        Ok(News::Ended(0)) => 0,
        Ok(News::Ended(_) | News::Signal(_)) | Err(RecvTimeoutError::Timeout) => interrupted,
        Err(RecvTimeoutError::Disconnected) => PANICKED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(of: impl IntoIterator<Item = News>, question: &Question) -> (u8, bool) {
        let (sender, news) = mpsc::channel();
        let cancel = Cancel::new();
        of.into_iter().for_each(|news| sender.send(news).expect("a listener"));
        (wait(&news, &cancel, question, &Patience::default()), cancel.is_cancelled())
    }

    #[test]
    fn signals_end_operations_with_their_number() {
        let question = Question::default();
        let check = |news: Vec<News>, expect| assert_eq!(outcome(news, &question), expect);
        check(vec![News::Ended(7)], (7, false));
        check(vec![News::Signal(SIGINT), News::Ended(130)], (130, true));
        check(vec![News::Signal(SIGTERM), News::Ended(130)], (143, true));
        check(vec![News::Signal(SIGINT), News::Ended(0)], (0, true));
        check(vec![News::Signal(SIGINT), News::Signal(SIGINT)], (130, true));
    }

    #[test]
    fn an_operation_that_does_not_stop_is_left_behind() {
        let begun = std::time::Instant::now();
        assert_eq!(outcome([News::Signal(SIGTERM)], &Question::default()), (143, true));
        assert!(begun.elapsed() < Duration::from_secs(20));
    }

    #[test]
    fn a_command_that_asked_for_more_time_gets_it() {
        let patience = Patience::default();
        patience.ask(Duration::from_secs(60));
        let (sender, news) = mpsc::channel();
        sender.send(News::Signal(SIGTERM)).expect("a listener");
        let server = thread::spawn(move || {
            thread::sleep(GRACE + Duration::from_millis(300));
            sender.send(News::Ended(0)).expect("a listener");
        });
        assert_eq!(wait(&news, &Cancel::new(), &Question::default(), &patience), 0);
        server.join().expect("an end");
    }

    #[test]
    fn a_panic_is_an_end() {
        let (sender, news) = mpsc::channel();
        drop(Ending { sender, exit: PANICKED });
        assert_eq!(wait(&news, &Cancel::new(), &Question::default(), &Patience::default()), PANICKED);
    }
}

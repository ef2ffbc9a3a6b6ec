//! One public-key accelerator for all operations of all connections.
//!
//! Each operation draws a [`Ticket`]; who finds the accelerator free has it until the answer is fetched, the others
//! are pending. An operation that was dropped never comes back for its answer: dropping cannot reach the device, which
//! is lent. So a job is given up when others have asked for the accelerator often enough and its owner has not.

use crate::hal::{Answer, Pka, Request};
use core::task::Poll;

/// How often others ask before a job is taken for abandoned. Each process call of a connection asks once; its owner
/// asks as often. If it comes late it only begins again.
const PATIENCE: u32 = 1_000;

/// Names an operation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Ticket(u64);

/// The accelerator with its queue discipline.
#[derive(Default)]
pub struct SharedPka {
    /// The accelerator.
    pub pka: Pka,
    tickets: u64,
    owner: Option<Ticket>,
    asked_by_others: u32,
}

impl SharedPka {
    /// A ticket for a new operation.
    pub fn ticket(&mut self) -> Ticket {
        self.tickets += 1;
        Ticket(self.tickets)
    }

    /// Begins the job of this ticket, once the accelerator is free, and fetches its answer. The request is made when
    /// it is needed: it comes again with every poll.
    pub fn poll(&mut self, ticket: Ticket, request: impl FnOnce() -> Request) -> Poll<Answer> {
        match self.owner {
            Some(owner) if owner == ticket => self.asked_by_others = 0,
            Some(_) if self.asked_by_others < PATIENCE => {
                self.asked_by_others += 1;
                return Poll::Pending;
            }
            _ => {
                self.pka.reset();
                self.pka.start(request());
                self.owner = Some(ticket);
                self.asked_by_others = 0;
            }
        }
        let Some(answer) = self.pka.poll() else { return Poll::Pending };
        self.owner = None;
        Poll::Ready(answer)
    }
}

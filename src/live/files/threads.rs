//! Work on all cores whose results come back in order.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::kinds::{Homeless, Intern};

/// How many threads can read at once.
pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Does so many pieces of work on so many threads: their results in order, and the objects without a namespace.
pub(super) fn in_order<T: Send>(
    count: usize,
    threads: usize,
    work: impl Fn(usize, &mut Intern) -> T + Sync,
) -> (Vec<T>, Homeless) {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut intern = Intern::new();
        let mut done = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return (done, intern.homeless());
            }
            done.push((number, work(number, &mut intern)));
        }
    };
    let (mut done, homeless) = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads.min(count)).map(|_| scope.spawn(worker)).collect();
        let (mut done, mut homeless) = worker();
        for other in others {
            // A reader that panics is a defect, and half a world is no world: the panic goes on.
            let (read, found) = other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            done.extend(read);
            homeless.merge(found);
        }
        (done, homeless)
    });
    done.sort_unstable_by_key(|(number, _)| *number);
    (done.into_iter().map(|(_, it)| it).collect(), homeless)
}

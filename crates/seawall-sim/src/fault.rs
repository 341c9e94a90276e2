//! How a stand-in goes wrong: what a test or a drill may ask of it, request by request.

use std::sync::Arc;

/// What a request asks of a stand-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// A token in exchange for credentials.
    Token,
    /// Who the caller is.
    Status,
    /// Who else takes part.
    Members,
    /// Words of the interface: reasons, categories.
    Words,
    /// A page of a list.
    List,
    /// The bytes of one large fingerprint.
    Fingerprint,
    /// Something is held against the partner's lists.
    Check,
    /// An opinion about something on a list.
    Feedback,
    /// Something new for a list.
    Submit,
}

/// One request, as a hook sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Asked {
    /// How many requests the stand-in had before it.
    pub number: u64,
    /// What it asks.
    pub call: Call,
}

/// How one request goes wrong. Where a fault has no meaning for a call, the call is answered
/// as usual.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Fault {
    /// It does not.
    #[default]
    None,
    /// The entries of the page are not in the order of time.
    OutOfOrder,
    /// What is put before the next request gets the time of the newest entry there is, so
    /// that a second which the caller has seen gets more entries.
    SameSecond,
    /// The page names itself as the next one.
    RepeatedCursor,
    /// The first half of the answer, as if it were whole.
    CutBody,
    /// A page for people, with status 200.
    HtmlPage,
    /// 429 with a number of seconds to wait.
    TooManyRequests {
        /// The seconds.
        after_s: u32,
    },
    /// 429 with a date to wait for, by the service's clock.
    TooManyRequestsUntil {
        /// How many seconds ahead the date is.
        after_s: u32,
    },
    /// 503 with a page for people.
    Unavailable,
    /// The caller's token ends: the access token where there is one, else the page's.
    /// Where there is neither, the credentials are refused, as if just revoked.
    ExpiredToken,
    /// The answer comes byte by byte, as its [`Gate`](crate::Gate) lets them through.
    SlowBody,
    /// Beside the entries, the page has others with kinds, statuses and values that are on no
    /// list.
    UnknownWords,
    /// Times are written with fractions of seconds.
    FractionalSeconds,
    /// Empty values beside the true ones; true ones in capitals and padded where that is XML.
    EmptyValues,
    /// At most so many entries a page, so that one second holds more than a page.
    SmallPage {
        /// How many.
        size: usize,
    },
    /// From this request on the service's clock is off by this much.
    ClockSkew {
        /// Milliseconds; ahead where positive.
        ms: i64,
    },
    /// The connection ends, and nothing was done.
    DropBefore,
    /// What was asked is done, and the connection ends before the answer is whole.
    DropAfter,
}

impl Fault {
    /// How many entries a page has that usually has `usual`.
    pub(crate) fn page_size(self, usual: usize) -> usize {
        if let Self::SmallPage { size } = self {
            size.clamp(1, usual)
        } else {
            usual
        }
    }
}

/// Decides how requests go wrong. It runs on a thread where it may block.
pub type Hook = Arc<dyn Fn(&Asked) -> Fault + Send + Sync>;

/// A hook that gives the first `requests` requests faults of every kind, about two of three,
/// the same ones for the same `seed`, and leaves all later ones alone. The clock is never off
/// by more than [`SKEW_MS_MAX`], and is put right with the first request after them.
#[must_use]
pub fn schedule(seed: u64, requests: u64) -> Hook {
    Arc::new(move |asked| match asked.number {
        number if number < requests => drawn(mixed(seed ^ mixed(number))),
        number if number == requests => Fault::ClockSkew { ms: 0 },
        _ => Fault::None,
    })
}

/// How far a [`schedule`] puts the service's clock ahead or behind.
pub const SKEW_MS_MAX: i64 = 120_000;

fn drawn(random: u64) -> Fault {
    let amount = random >> 32;
    let after_s = 1 + (amount % 30) as u32;
    match random % 27 {
        0 => Fault::OutOfOrder,
        1 => Fault::SameSecond,
        2 => Fault::RepeatedCursor,
        3 => Fault::CutBody,
        4 => Fault::HtmlPage,
        5 => Fault::TooManyRequests { after_s },
        6 => Fault::TooManyRequestsUntil { after_s },
        7 => Fault::Unavailable,
        8 => Fault::ExpiredToken,
        9 => Fault::SlowBody,
        10 => Fault::UnknownWords,
        11 => Fault::FractionalSeconds,
        12 => Fault::EmptyValues,
        13 | 14 => Fault::SmallPage {
            size: 1 + (amount % 3) as usize,
        },
        15 => Fault::ClockSkew {
            ms: (amount % 5) as i64 * 60_000 - SKEW_MS_MAX,
        },
        16 => Fault::DropBefore,
        17 => Fault::DropAfter,
        _ => Fault::None,
    }
}

/// One step of splitmix64 (Steele, Lea, Flood 2014): enough for a schedule.
pub(crate) fn mixed(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::mem::discriminant;

    use super::*;

    fn at(hook: &Hook, number: u64) -> Fault {
        let call = Call::List;
        hook(&Asked { number, call })
    }

    #[test]
    fn a_schedule_draws_every_fault_the_same_way_each_time_and_ends() {
        let (hook, again) = (schedule(7, 1_000), schedule(7, 1_000));
        let faults: Vec<Fault> = (0..1_000).map(|number| at(&hook, number)).collect();
        assert!((0..1_000).all(|number| at(&again, number) == faults[number as usize]));
        let kinds: HashSet<_> = faults.iter().map(discriminant).collect();
        assert_eq!(kinds.len(), 18, "every variant");
        assert_eq!(at(&hook, 1_000), Fault::ClockSkew { ms: 0 });
        assert!((1_001..2_000).all(|number| at(&hook, number) == Fault::None));
        assert_ne!(
            (0..20)
                .map(|number| at(&schedule(8, 1_000), number))
                .collect::<Vec<_>>(),
            faults[..20],
            "another seed"
        );
    }
}

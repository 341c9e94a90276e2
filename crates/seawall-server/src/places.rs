//! The places of a listener: who holds them, and who gives one up where there are too few.
//!
//! A place is for a connection. One that carries no request (nothing was said yet, or all was
//! answered) gives its place up when somebody comes for whom there is none: first within its
//! own address, so that nobody takes what is everybody's. Where every place carries a request,
//! who comes gets one of a few that are kept for asking how the server is.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderValue, header};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::config::Load;
use crate::lanes::Wording;
use crate::problem::{Code, Problem};

/// The places of one listener. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Places {
    all_max: usize,
    of_one_max: usize,
    opened: Instant,
    /// How many there were ever: a number is never given again.
    taken: Arc<AtomicU64>,
    held: Arc<Mutex<BTreeMap<u64, Arc<Holder>>>>,
}

/// Whom connections are counted for: an address, or in IPv6 the network that one line has.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Origin([u8; 8]);

struct Holder {
    origin: Origin,
    room: Room,
    /// When it carried its last request, in milliseconds; [`BUSY`] while it carries one.
    silent_since_ms: AtomicU64,
    given_up: Notify,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Room {
    /// For every request.
    Main,
    /// For asking how the server is.
    Health,
}

impl Places {
    pub(crate) fn new(load: &Load) -> Self {
        Self {
            all_max: load.connections,
            of_one_max: load.connections_per_address,
            opened: Instant::now(),
            taken: Arc::default(),
            held: Arc::default(),
        }
    }

    /// A place for a connection from here; `None` where there is none at all.
    pub(crate) fn take(&self, peer: IpAddr) -> Option<Place> {
        let origin = Origin::of(peer);
        let mut held = self.lock();
        let in_main = |holder: &Holder| holder.room == Room::Main;
        let of_one = |holder: &Holder| in_main(holder) && holder.origin == origin;
        let is_free = if count(&held, of_one) >= self.of_one_max {
            give_up_longest_silent(&mut held, of_one)
        } else {
            count(&held, in_main) < self.all_max || {
                let most = origin_with_most(&held);
                give_up_longest_silent(&mut held, |holder| {
                    in_main(holder) && Some(holder.origin) == most
                }) || give_up_longest_silent(&mut held, in_main)
            }
        };
        let for_health = |holder: &Holder| holder.room == Room::Health;
        let room = match is_free {
            true => Room::Main,
            false => Room::Health,
        };
        if room == Room::Health
            && count(&held, for_health) >= HEALTH_PLACES
            && !give_up_longest_silent(&mut held, for_health)
        {
            return None;
        }
        let holder = Arc::new(Holder {
            origin,
            room,
            silent_since_ms: AtomicU64::new(self.now_ms()),
            given_up: Notify::new(),
        });
        let number = self.taken.fetch_add(1, Ordering::Relaxed);
        held.insert(number, Arc::clone(&holder));
        Some(Place {
            places: self.clone(),
            number,
            holder,
        })
    }

    /// Lets go of some connections that carry no request: the system has no room for others.
    pub(crate) fn make_room(&self) {
        let mut held = self.lock();
        for _ in 0..ROOM_TO_MAKE {
            give_up_longest_silent(&mut held, |_| true);
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(BUSY - 1)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Holder>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Origin {
    fn of(peer: IpAddr) -> Self {
        let mut origin = [0; 8];
        match peer.to_canonical() {
            // No network of IPv6 is this one, which is of loopback alone.
            IpAddr::V4(address) => origin[4..].copy_from_slice(&address.octets()),
            IpAddr::V6(address) => origin.copy_from_slice(&address.octets()[..8]),
        }
        Self(origin)
    }
}

fn count(held: &BTreeMap<u64, Arc<Holder>>, is_meant: impl Fn(&Holder) -> bool) -> usize {
    held.values().filter(|holder| is_meant(holder)).count()
}

/// `false` where all of them carry a request.
fn give_up_longest_silent(
    held: &mut BTreeMap<u64, Arc<Holder>>,
    is_meant: impl Fn(&Holder) -> bool,
) -> bool {
    let silent = held.iter().filter(|(_, holder)| is_meant(holder));
    let silent = silent.map(|(number, holder)| (holder.silent_since_ms(), *number));
    let Some((_, longest)) = silent.filter(|(since, _)| *since != BUSY).min() else {
        return false;
    };
    if let Some(holder) = held.remove(&longest) {
        holder.given_up.notify_one();
    }
    true
}

fn origin_with_most(held: &BTreeMap<u64, Arc<Holder>>) -> Option<Origin> {
    let mut counts: BTreeMap<Origin, usize> = BTreeMap::new();
    for holder in held.values() {
        *counts.entry(holder.origin).or_default() += 1;
    }
    let most = counts.into_iter().max_by_key(|(_, count)| *count);
    most.map(|(origin, _)| origin)
}

impl Holder {
    fn silent_since_ms(&self) -> u64 {
        self.silent_since_ms.load(Ordering::Relaxed)
    }
}

/// A place, until it is dropped.
pub(crate) struct Place {
    places: Places,
    number: u64,
    holder: Arc<Holder>,
}

impl Place {
    /// Resolves when somebody else has the place.
    pub(crate) async fn given_up(&self) {
        self.holder.given_up.notified().await;
    }

    /// What tells the place that its connection carries a request.
    pub(crate) fn bell(&self) -> Bell {
        Bell {
            places: self.places.clone(),
            holder: Arc::clone(&self.holder),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.lock().remove(&self.number);
    }
}

/// Tells a place when its connection carries a request.
#[derive(Clone)]
pub(crate) struct Bell {
    places: Places,
    holder: Arc<Holder>,
}

impl Bell {
    /// The connection carries this request from now on.
    pub(crate) fn ring(&self, request: &mut http::Request<Body>) -> Carried {
        self.holder.silent_since_ms.store(BUSY, Ordering::Relaxed);
        if self.holder.room == Room::Health {
            request.extensions_mut().insert(HealthOnly);
        }
        Carried(self.clone())
    }
}

/// A request that a connection carries, until it is dropped.
pub(crate) struct Carried(Bell);

impl Carried {
    /// Carried on until the last byte of the answer is taken.
    pub(crate) fn until_taken(self, response: Response) -> Response {
        let carried = self;
        response.map(|body| Body::new(Answer { body, carried }))
    }
}

impl Drop for Carried {
    fn drop(&mut self) {
        let Bell { places, holder } = &self.0;
        let now = places.now_ms();
        holder.silent_since_ms.store(now, Ordering::Relaxed);
    }
}

/// An answer's body that keeps its request carried.
struct Answer {
    body: Body,
    #[expect(dead_code, reason = "it is there to be dropped")]
    carried: Carried,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}

/// On a request whose connection has a place for asking how the server is, and no other.
#[derive(Clone, Copy)]
struct HealthOnly;

/// Turns a request away for which there is no place, unless it asks how the server is.
pub(crate) async fn turn_away(
    State(wording): State<Wording>,
    request: Request,
    next: Next,
) -> Response {
    if request.extensions().get::<HealthOnly>().is_none() {
        return next.run(request).await;
    }
    let path = request.extensions().get::<MatchedPath>();
    let is_health = path.is_some_and(|path| HEALTH.contains(&path.as_str()));
    let mut response = match is_health {
        true => next.run(request).await,
        false => wording(request.uri(), Problem::new(Code::Busy)),
    };
    // The next who asks needs the place.
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(header::CONNECTION, close);
    response
}

const BUSY: u64 = u64::MAX;
const HEALTH_PLACES: usize = 64;
const ROOM_TO_MAKE: usize = 16;
/// Where it is told how the server is.
const HEALTH: [&str; 5] = ["/healthz", "/readyz", "/metrics", "/status", "/status/live"];

#[cfg(test)]
mod tests {
    use super::*;

    fn places(all_max: usize, of_one_max: usize) -> Places {
        Places::new(&Load {
            connections: all_max,
            connections_per_address: of_one_max,
            ..Load::default()
        })
    }

    fn peer(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    fn request() -> http::Request<Body> {
        http::Request::new(Body::empty())
    }

    fn is_given_up(place: &Place) -> bool {
        !place.places.lock().contains_key(&place.number)
    }

    #[tokio::test(start_paused = true)]
    async fn the_longest_silent_of_an_address_makes_room_for_its_next() {
        let places = places(100, 2);
        let mut taken = Vec::new();
        for text in ["10.0.0.1", "10.0.0.2", "10.0.0.1", "::ffff:10.0.0.1"] {
            taken.push(places.take(peer(text)).expect("a place"));
            tokio::time::advance(std::time::Duration::from_millis(5)).await;
        }
        let given_up: Vec<bool> = taken.iter().map(is_given_up).collect();
        assert_eq!(given_up, [true, false, false, false]);
        taken[0].given_up().await;
        // A request that was answered a moment ago is a shorter silence than one never made.
        drop(taken[2].bell().ring(&mut request()));
        let next = places.take(peer("10.0.0.1")).expect("a place");
        assert!(is_given_up(&taken[3]) && !is_given_up(&taken[2]) && !is_given_up(&next));
    }

    #[tokio::test]
    async fn where_all_are_taken_the_address_with_most_makes_room() {
        let places = places(4, 3);
        let quiet = places.take(peer("10.0.0.1")).expect("a place");
        let loud = [(); 3].map(|()| places.take(peer("2001:db8::1")).expect("a place"));
        let _next = places.take(peer("10.0.0.3")).expect("a place");
        assert!(!is_given_up(&quiet));
        assert_eq!(loud.iter().filter(|place| is_given_up(place)).count(), 1);
        // In IPv6 a line has a whole network of addresses.
        let same = places.take(peer("2001:db8::ffff")).expect("a place");
        assert_eq!((is_given_up(&quiet), is_given_up(&same)), (false, false));
        assert_eq!(loud.iter().filter(|place| is_given_up(place)).count(), 2);
    }

    #[tokio::test]
    async fn who_carries_a_request_stays_and_who_comes_then_may_ask_for_health() {
        let places = places(2, 2);
        let busy = [(); 2].map(|()| places.take(peer("10.0.0.1")).expect("a place"));
        let mut carried: Vec<Carried> = busy
            .iter()
            .map(|place| place.bell().ring(&mut request()))
            .collect();
        let asking = |place: &Place| {
            let mut request = request();
            let carried = place.bell().ring(&mut request);
            (request.extensions().get::<HealthOnly>().is_some(), carried)
        };
        let narrow = places.take(peer("10.0.0.2")).expect("a place");
        assert!(asking(&narrow).0 && !busy.iter().any(is_given_up));
        carried.pop();
        let wide = places.take(peer("10.0.0.2")).expect("a place");
        assert!(!asking(&wide).0 && is_given_up(&busy[1]) && !is_given_up(&busy[0]));
        // Those few are bounded too, and who says nothing in them makes room.
        let _carried = wide.bell().ring(&mut request());
        let few: Vec<Place> = (0..HEALTH_PLACES)
            .map(|_| places.take(peer("10.0.0.2")).expect("a place"))
            .collect();
        assert!(is_given_up(&narrow));
        let _carrying: Vec<Carried> = few.iter().map(|place| asking(place).1).collect();
        assert!(places.take(peer("10.0.0.2")).is_none());
    }

    #[tokio::test]
    async fn a_place_is_free_when_its_connection_ends() {
        let places = places(1, 1);
        for _ in 0..3 {
            let place = places.take(peer("10.0.0.1")).expect("a place");
            assert!(place.holder.room == Room::Main);
            drop(place);
        }
        assert!(places.lock().is_empty());
        let first = places.take(peer("10.0.0.1")).expect("a place");
        let second = places.take(peer("10.0.0.1")).expect("a place");
        drop(first);
        assert!(!is_given_up(&second));
    }
}

//! Binds the listeners, runs the background tasks, drains.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use seawall_core::Clock;
use seawall_sim::cybertipline::{BASE_PATH, CyberTipline, Options};
use seawall_workflow::{FetchPolicy, Reach, Receiver, SystemClock, Workflow, WorkflowError};
use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use url::Url;

use crate::access_log::log_access;
use crate::config::{CallersLimits, Listen, Load, Log};
use crate::guard::{check_host, count, harden, limit_time};
use crate::lanes::{Lanes, Wording, receive};
use crate::listener;
use crate::metrics::Metrics;
use crate::places::turn_away;
use crate::quota::Quotas;
use crate::stale::warn_of_stale_lists;
use crate::state::{App, Face};
use crate::{api, console, public};

/// What a server is started with.
pub struct Server {
    /// The use-cases.
    pub workflow: Workflow,
    /// How it presents itself.
    pub face: Face,
    /// What it fetches for callers who give a URL.
    pub fetch: FetchPolicy,
    /// Where it listens.
    pub listen: Listen,
    /// What it takes on at once.
    pub load: Load,
    /// How often one caller may ask.
    pub callers: CallersLimits,
    /// What it writes down about requests.
    pub log: Log,
    /// In a drill: where the stand-in for the report's receiver keeps its journal. Reports then
    /// go to it, and a port that is taken is replaced by a free one.
    pub drill: Option<PathBuf>,
}

/// Where a running server can be reached.
#[derive(Clone, Debug, Serialize)]
pub struct Listening {
    /// Always `listening`.
    pub event: &'static str,
    /// The console for reviewers.
    pub console: String,
    /// The native API.
    pub api: String,
    /// The public listener.
    pub public: String,
    /// The stand-in for the report's receiver, in a drill.
    pub stand_in: Option<String>,
    /// Whether this is a drill.
    pub drill: bool,
    /// The listeners whose port was taken and replaced.
    pub moved_ports: Vec<&'static str>,
}

/// Why a server did not start or ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// An address could not be bound.
    #[error(
        "listening on {address} for the {listener}; is another server running? choose another address under [listen]"
    )]
    Bind {
        /// Which listener.
        listener: &'static str,
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The stand-in could not be started.
    #[error("starting the stand-in for the report's receiver")]
    StandIn(#[from] seawall_sim::SimError),
    /// A use-case failed at the start.
    #[error(transparent)]
    Workflow(#[from] WorkflowError),
    /// A listener ended.
    #[error("serving")]
    Serve(#[source] tokio::task::JoinError),
}

/// One listener on its way to being served.
struct Bound {
    name: &'static str,
    socket: TcpListener,
    address: SocketAddr,
    router: Router,
}

impl Server {
    /// Serves until `stop` resolves, then lets running requests end. `ready` is called once,
    /// when every listener is bound.
    ///
    /// # Errors
    /// [`ServeError`].
    pub async fn run(
        self,
        ready: impl FnOnce(&Listening),
        stop: impl Future<Output = ()> + Send,
    ) -> Result<(), ServeError> {
        let is_drill = self.drill.is_some();
        let mut moved_ports = Vec::new();
        let mut bound = Vec::new();
        if let Some(journal) = self.drill {
            let (stand_in, password) = open_stand_in(journal)?;
            let address = SocketAddr::from(([127, 0, 0, 1], self.listen.stand_in_port));
            let standing = bind(
                "stand-in",
                address,
                is_drill,
                &mut moved_ports,
                stand_in.router(),
            )
            .await?;
            self.workflow
                .set_receiver(stand_in_receiver(standing.address, password));
            bound.push(standing);
        }
        self.workflow.ensure_selftest_bank()?;
        let (stopper, stopped) = watch::channel(false);
        let app = App {
            fetcher: self.workflow.fetcher(self.fetch),
            workflow: Arc::new(self.workflow),
            metrics: Arc::new(Metrics::new()),
            face: Arc::new(self.face),
            lanes: Lanes::new(&self.load),
            stopped: stopped.clone(),
            quotas: Arc::new(Quotas::new(self.callers)),
        };
        for (name, address, router) in [
            ("console", self.listen.console, console::router(app.clone())),
            ("api", self.listen.api, api::router(app.clone())),
            ("public", self.listen.public, public::router(app.clone())),
        ] {
            let router = dress(router, &app, name, self.log);
            bound.push(bind(name, address, is_drill, &mut moved_ports, router).await?);
        }
        ready(&listening(&bound, is_drill, moved_ports));
        serve(bound, app, self.load, stop, stopper).await
    }
}

/// What every listener has in common.
fn dress(router: Router, app: &App, name: &'static str, log: Log) -> Router {
    let wording: Wording = crate::hma::worded;
    router
        .layer(from_fn_with_state((app.lanes.clone(), wording), receive))
        .layer(from_fn_with_state(wording, turn_away))
        .layer(from_fn(harden))
        .layer(from_fn(limit_time))
        .layer(from_fn_with_state(Arc::clone(&app.face), check_host))
        .layer(from_fn_with_state((app.clone(), name), count))
        .layer(from_fn_with_state((name, log.access), log_access))
        .layer(tower_http::catch_panic::CatchPanicLayer::new())
}

async fn bind(
    name: &'static str,
    address: SocketAddr,
    may_move: bool,
    moved_ports: &mut Vec<&'static str>,
    router: Router,
) -> Result<Bound, ServeError> {
    let fault = |source| ServeError::Bind {
        listener: name,
        address,
        source,
    };
    let socket = match TcpListener::bind(address).await {
        Err(error) if may_move && error.kind() == std::io::ErrorKind::AddrInUse => {
            moved_ports.push(name);
            TcpListener::bind(SocketAddr::new(address.ip(), 0)).await
        }
        other => other,
    };
    let socket = socket.map_err(fault)?;
    let address = socket.local_addr().map_err(fault)?;
    Ok(Bound {
        name,
        socket,
        address,
        router,
    })
}

fn listening(bound: &[Bound], drill: bool, moved_ports: Vec<&'static str>) -> Listening {
    let address = |name: &str| {
        let found = bound.iter().find(|listener| listener.name == name);
        found.map(|listener| format!("http://{}", listener.address))
    };
    Listening {
        event: "listening",
        console: address("console").unwrap_or_default(),
        api: address("api").unwrap_or_default(),
        public: address("public").unwrap_or_default(),
        stand_in: address("stand-in"),
        drill,
        moved_ports,
    }
}

async fn serve(
    bound: Vec<Bound>,
    app: App,
    load: Load,
    stop: impl Future<Output = ()> + Send,
    stopper: watch::Sender<bool>,
) -> Result<(), ServeError> {
    let stopped = stopper.subscribe();
    let mut listeners = JoinSet::new();
    for listener in bound {
        let signal = wait_for(stopped.clone());
        let load = load.clone();
        let served = listener::serve(listener.socket, listener.router, load, signal);
        listeners.spawn(served);
    }
    let tasks = background(&app, &stopped);
    tokio::select! {
        () = stop => {}
        // A listener ends by itself only where it panics.
        Some(ended) = listeners.join_next() => ended.map_err(ServeError::Serve)?,
    }
    // The receivers may all be gone already; then there is nobody left to tell.
    let _ = stopper.send(true);
    let drained = async {
        listeners.join_all().await;
        tasks.join_all().await;
    };
    if tokio::time::timeout(DRAIN_TIME, drained).await.is_err() {
        tracing::warn!("some requests did not end in time and were cut off");
    }
    let written = app.blocking(|workflow| workflow.write_tally()).await;
    if written.is_err() {
        tracing::error!("the last tally of scans could not be written");
    }
    if app
        .blocking(|workflow| workflow.save_index())
        .await
        .is_err()
    {
        tracing::warn!("the index could not be stored; the next start reads the database");
    }
    Ok(())
}

async fn wait_for(mut stopped: watch::Receiver<bool>) {
    // An error means that the server is gone, which is a reason to stop as well.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

fn background(app: &App, stopped: &watch::Receiver<bool>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(until(stopped.clone(), deliver(Arc::clone(&app.workflow))));
    tasks.spawn(until(stopped.clone(), watch_banks(app.clone())));
    tasks.spawn(until(stopped.clone(), tally(app.clone())));
    tasks.spawn(until(stopped.clone(), store_index(app.clone())));
    tasks.spawn(until(stopped.clone(), exchange(Arc::clone(&app.workflow))));
    tasks.spawn(until(stopped.clone(), warn_of_stale_lists(app.clone())));
    tasks
}

/// Stores an index that had to be rebuilt: the next start may be after a crash.
async fn store_index(app: App) {
    let stored = app
        .blocking(|workflow| workflow.save_index_if_behind())
        .await;
    if stored.is_err() {
        tracing::warn!("the index could not be stored; the next start reads the database");
    }
}

async fn until(stopped: watch::Receiver<bool>, task: impl Future<Output = ()>) {
    tokio::select! {
        () = wait_for(stopped) => {}
        () = task => {}
    }
}

/// Delivers reports and messages as they come, and looks again every second for what was
/// written by another process or has to be tried again.
async fn deliver(workflow: Arc<Workflow>) {
    loop {
        if let Err(error) = workflow.deliver_reports().await {
            tracing::error!(%error, "delivering reports failed");
        }
        if let Err(error) = workflow.deliver_messages().await {
            tracing::error!(%error, "delivering messages failed");
        }
        // A timeout is the usual way on: nothing new came.
        let _ = tokio::time::timeout(DELIVERY_PAUSE, workflow.outgoing()).await;
    }
}

/// Runs the exchanges that are due, and looks again now and then for what another process asked
/// for.
async fn exchange(workflow: Arc<Workflow>) {
    loop {
        let pause = match workflow.run_due_exchanges().await {
            Ok(next) => {
                let wait_ms = next.map_or(i64::MAX, |at| at.millis_since(workflow.clock().now()));
                Duration::from_millis(wait_ms.max(0).unsigned_abs()).min(EXCHANGE_PAUSE)
            }
            Err(error) => {
                tracing::error!(%error, "running the exchanges failed");
                EXCHANGE_PAUSE
            }
        };
        // A timeout is the usual way on: nobody asked for one sooner.
        let _ = tokio::time::timeout(pause, workflow.exchange_hastened()).await;
    }
}

/// Takes over what the command line changes in the banks beside a running server.
async fn watch_banks(app: App) {
    let Ok(watch) = app.workflow.store().watch() else {
        tracing::error!("changes of banks by other processes will not be noticed");
        return;
    };
    let mut seen = None;
    loop {
        tokio::time::sleep(WATCH_PAUSE).await;
        let version = watch.version().ok();
        if version != seen || app.workflow.is_content_due() {
            seen = version;
            if app
                .blocking(|workflow| workflow.refresh_banks())
                .await
                .is_err()
            {
                seen = None;
            }
        }
    }
}

async fn tally(app: App) {
    loop {
        tokio::time::sleep(TALLY_PAUSE).await;
        if app
            .blocking(|workflow| workflow.write_tally())
            .await
            .is_err()
        {
            tracing::error!("a tally of scans could not be written");
        }
        if app.blocking(|workflow| workflow.tend_seen()).await.is_err() {
            tracing::error!("the seen index could not be put in order");
        }
    }
}

fn open_stand_in(journal: PathBuf) -> Result<(Arc<CyberTipline>, String), seawall_sim::SimError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let options = Options {
        username: STAND_IN_USER.to_owned(),
        password: STAND_IN_PASSWORD.to_owned(),
        journal: Some(journal),
    };
    Ok((
        CyberTipline::open(options, clock)?,
        STAND_IN_PASSWORD.to_owned(),
    ))
}

fn stand_in_receiver(address: SocketAddr, password: String) -> Receiver {
    let base = format!("http://{address}{BASE_PATH}/");
    Receiver {
        name: "cybertipline-stand-in".to_owned(),
        base: Url::parse(&base).expect("a socket address makes an address"),
        username: STAND_IN_USER.to_owned(),
        password,
        reach: Reach::Loopback,
        stand_in: true,
    }
}

/// The stand-in guards nothing; the credentials are there to exercise the same path.
const STAND_IN_USER: &str = "drill";
const STAND_IN_PASSWORD: &str = "drill";
const DRAIN_TIME: Duration = Duration::from_secs(20);
const EXCHANGE_PAUSE: Duration = Duration::from_secs(10);
const DELIVERY_PAUSE: Duration = Duration::from_secs(1);
const WATCH_PAUSE: Duration = Duration::from_millis(200);
const TALLY_PAUSE: Duration = Duration::from_secs(60);

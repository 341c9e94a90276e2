//! `/api/v1/exchanges`: partners whose lists are taken over, how that goes, and what a person
//! can do about it. They are set up in the configuration, not here.

use axum::Json;
use axum::extract::{Extension, State};
use http::StatusCode;
use seawall_core::{ContentId, Timestamp};
use seawall_exchange::feed::Fingerprint;
use seawall_store::{ListName, StoredEntry, StoredPrint};
use seawall_workflow::{ExchangeError, ExchangeStatus, Workflow};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::{ApiPath, ApiQuery, PageQuery, page_size, split_page};
use crate::guard::Caller;
use crate::problem::{Code, Problem, ProblemBody};
use crate::state::App;

/// An exchange.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExchangeBody {
    name: String,
    /// How the partner is spoken to.
    protocol: String,
    /// The bank that its list is in.
    bank: String,
    /// Whether it is in the configuration of this server. One that is not keeps what it listed.
    configured: bool,
    /// Whether a person stopped it. What it lists goes on matching.
    paused: bool,
    /// Whether its list is being read now, or was when a process died in the last minutes.
    running: bool,
    /// Whether nothing failed at its last run, nothing waits for a person, and the next run is
    /// not due yet.
    up_to_date: bool,
    /// Whether the next run reads the list from its beginning and withdraws what it lacks.
    reconcile: bool,
    /// How many contents it lists.
    contents: u64,
    /// How many hashes of each kind.
    kinds: Vec<KindBody>,
    /// How many hashes are held back until a person lets them go.
    held: u64,
    /// How many runs in a row failed.
    failures: u32,
    /// Why the last run failed, if it did.
    fault: Option<String>,
    /// Of what could not be read in the last run some examples; none quotes a value.
    problems: Vec<String>,
    /// So many contents are missing from a list that shrank too much. They wait for a person.
    missing: Option<u64>,
    /// Whether a person let those go.
    missing_allowed: bool,
    /// What all its runs did.
    counts: CountsBody,
    /// Up to when its list was read, where its protocol tells.
    #[schema(value_type = Option<String>, format = DateTime)]
    checkpoint_at: Option<Timestamp>,
    /// When the last run began.
    #[schema(value_type = Option<String>, format = DateTime)]
    started_at: Option<Timestamp>,
    /// When the last run ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Timestamp>,
    /// When the last run ended that came up to the present.
    #[schema(value_type = Option<String>, format = DateTime)]
    succeeded_at: Option<Timestamp>,
    /// When the next run is due; `null` where none will be, the exchange being paused or not in
    /// the configuration.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_at: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// The hashes of one kind.
#[derive(Serialize, ToSchema)]
pub(crate) struct KindBody {
    /// The kind; that of a hash which is kept and not matched in the partner's words.
    kind: String,
    hashes: u64,
    /// How many of them are held back.
    held: u64,
}

/// What runs did.
#[derive(Serialize, ToSchema)]
pub(crate) struct CountsBody {
    /// Contents that were added.
    added: u64,
    /// Entries of which something other than the hashes changed.
    changed: u64,
    /// Contents that were withdrawn.
    withdrawn: u64,
    /// Entries, or parts of them, that could not be read.
    set_aside: u64,
}

impl ExchangeBody {
    fn new(status: ExchangeStatus, now: Timestamp) -> Self {
        let (running, up_to_date) = (status.is_running(now), status.is_up_to_date(now));
        let (held, is_on) = (status.held(), status.is_on());
        let exchange = status.exchange;
        let kind = |(kind, hashes, held)| KindBody { kind, hashes, held };
        Self {
            name: exchange.name.to_string(),
            protocol: exchange.protocol,
            bank: status.bank.to_string(),
            configured: status.configured,
            paused: exchange.paused,
            running,
            up_to_date,
            reconcile: exchange.reconcile,
            contents: status.contents,
            kinds: status.kinds.into_iter().map(kind).collect(),
            held,
            failures: exchange.failures,
            fault: exchange.fault,
            problems: exchange.problems,
            missing: exchange.missing,
            missing_allowed: exchange.missing_allowed > 0,
            counts: CountsBody {
                added: exchange.counts.added,
                changed: exchange.counts.changed,
                withdrawn: exchange.counts.withdrawn,
                set_aside: exchange.counts.set_aside,
            },
            checkpoint_at: exchange
                .checkpoint
                .and_then(|checkpoint| checkpoint.reached_at()),
            started_at: exchange.started_at,
            ended_at: exchange.ended_at,
            succeeded_at: exchange.succeeded_at,
            next_at: is_on.then_some(exchange.next_at),
            created_at: exchange.created_at,
        }
    }

    fn read(workflow: &Workflow, name: &ListName) -> Result<Self, ExchangeError> {
        let status = workflow.exchange_status(name)?;
        Ok(Self::new(status, workflow.clock().now()))
    }
}

/// All exchanges.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExchangesBody {
    items: Vec<ExchangeBody>,
}

/// A content with hashes that are held back. No value is shown.
#[derive(Serialize, ToSchema)]
pub(crate) struct HeldBody {
    content_id: i64,
    /// Who vouches for it, as the partner names them; absent where the partner itself does.
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    /// What its owner calls its class.
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<String>,
    /// The hashes that are held back.
    hashes: Vec<HeldHashBody>,
}

/// A hash that is held back.
#[derive(Serialize, ToSchema)]
pub(crate) struct HeldHashBody {
    kind: String,
    /// Why: what its value says too little for, such as `all_zeros`, or `benign` where an
    /// exception speaks against it.
    reason: &'static str,
}

impl HeldBody {
    fn of((content, stored): (ContentId, StoredEntry)) -> Self {
        let hash = |print: StoredPrint| {
            let reason = print.held?.name();
            let kind = match print.fingerprint {
                Fingerprint::Hash { hash, .. } => hash.algorithm().name().to_owned(),
                Fingerprint::Other { kind, .. } => kind,
            };
            Some(HeldHashBody { kind, reason })
        };
        Self {
            content_id: content.0,
            owner: stored.entry.owner,
            class: stored.entry.class,
            hashes: stored.prints.into_iter().filter_map(hash).collect(),
        }
    }
}

/// A page of contents with hashes that are held back.
#[derive(Serialize, ToSchema)]
pub(crate) struct HeldPageBody {
    items: Vec<HeldBody>,
    /// Give it as `after` to get the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<i64>,
}

/// What could not be read.
#[derive(Serialize, ToSchema)]
pub(crate) struct FaultPageBody {
    /// The beginning of the partner's answer, every word painted over that may be a hash or a
    /// secret; `null` where the last run met none that could not be read.
    page: Option<String>,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RemoveQuery {
    /// `true` says what would be withdrawn and changes nothing.
    dry_run: Option<bool>,
}

/// What the removal of an exchange withdraws.
#[derive(Serialize, ToSchema)]
pub(crate) struct RemovedBody {
    /// How many contents stop matching.
    contents: u64,
    /// The bank that they are in.
    bank: String,
    /// Whether the exchange is in the configuration of this server, which then refuses to
    /// remove it.
    configured: bool,
    /// Whether nothing was done.
    dry_run: bool,
}

/// List the exchanges
#[utoipa::path(
    get, path = "/api/v1/exchanges", tag = "exchanges",
    responses((status = 200, body = ExchangesBody))
)]
pub(crate) async fn list(State(app): State<App>) -> Result<Json<ExchangesBody>, Problem> {
    let statuses = app.blocking(Workflow::exchange_statuses).await?;
    let now = app.workflow.clock().now();
    let items = statuses.into_iter();
    let items = items.map(|status| ExchangeBody::new(status, now));
    Ok(Json(ExchangesBody {
        items: items.collect(),
    }))
}

/// Show an exchange
#[utoipa::path(
    get, path = "/api/v1/exchanges/{name}", tag = "exchanges", params(("name" = String, Path)),
    responses(
        (status = 200, body = ExchangeBody),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn show(
    State(app): State<App>,
    ApiPath(name): ApiPath<String>,
) -> Result<Json<ExchangeBody>, Problem> {
    let name = known_exchange(&name)?;
    let body = app.blocking(move |workflow| ExchangeBody::read(workflow, &name));
    Ok(Json(body.await?))
}

/// Remove an exchange
///
/// With everything that it lists, which stops matching before the answer is sent. Cases stay.
/// Refused while the exchange is in the configuration.
#[utoipa::path(
    delete, path = "/api/v1/exchanges/{name}", tag = "exchanges",
    params(("name" = String, Path), RemoveQuery),
    responses(
        (status = 200, body = RemovedBody),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn remove(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    ApiPath(name): ApiPath<String>,
    ApiQuery(query): ApiQuery<RemoveQuery>,
) -> Result<Json<RemovedBody>, Problem> {
    let name = known_exchange(&name)?;
    let dry_run = query.dry_run.unwrap_or(false);
    let removed = app.blocking(move |workflow| {
        let status = workflow.exchange_status(&name)?;
        let contents = match dry_run {
            true => status.contents,
            false => workflow.remove_exchange(&name, caller.actor())?,
        };
        Ok::<_, ExchangeError>(RemovedBody {
            contents,
            bank: status.bank.to_string(),
            configured: status.configured,
            dry_run,
        })
    });
    Ok(Json(removed.await?))
}

/// Make an exchange due now
///
/// The run begins shortly after the answer is sent.
#[utoipa::path(
    post, path = "/api/v1/exchanges/{name}/run", tag = "exchanges", params(("name" = String, Path)),
    responses(
        (status = 202, body = ExchangeBody),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn run(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    ApiPath(name): ApiPath<String>,
) -> Result<(StatusCode, Json<ExchangeBody>), Problem> {
    let asked = act(&app, &name, move |workflow, name| {
        workflow.request_run(name, false, caller.actor())
    });
    Ok((StatusCode::ACCEPTED, asked.await?))
}

/// Read a list from its beginning
///
/// The exchange is due now, and what its list lacks is withdrawn; where that is too much to be
/// believed it waits for a person.
#[utoipa::path(
    post, path = "/api/v1/exchanges/{name}/reconcile", tag = "exchanges",
    params(("name" = String, Path)),
    responses(
        (status = 202, body = ExchangeBody),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn reconcile(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    ApiPath(name): ApiPath<String>,
) -> Result<(StatusCode, Json<ExchangeBody>), Problem> {
    let asked = act(&app, &name, move |workflow, name| {
        workflow.request_run(name, true, caller.actor())
    });
    Ok((StatusCode::ACCEPTED, asked.await?))
}

/// Stop reading a list
///
/// What it lists goes on matching.
#[utoipa::path(
    post, path = "/api/v1/exchanges/{name}/pause", tag = "exchanges",
    params(("name" = String, Path)),
    responses(
        (status = 200, body = ExchangeBody),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn pause(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    ApiPath(name): ApiPath<String>,
) -> Result<Json<ExchangeBody>, Problem> {
    act(&app, &name, move |workflow, name| {
        workflow.pause_exchange(name, true, caller.actor())
    })
    .await
}

/// Go on reading a list
///
/// The exchange is due now.
#[utoipa::path(
    post, path = "/api/v1/exchanges/{name}/resume", tag = "exchanges",
    params(("name" = String, Path)),
    responses(
        (status = 200, body = ExchangeBody),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn resume(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    ApiPath(name): ApiPath<String>,
) -> Result<Json<ExchangeBody>, Problem> {
    act(&app, &name, move |workflow, name| {
        workflow.pause_exchange(name, false, caller.actor())
    })
    .await
}

/// Let missing contents go
///
/// After you looked into it: the next run, due now, withdraws what is still missing then.
#[utoipa::path(
    post, path = "/api/v1/exchanges/{name}/allow-missing", tag = "exchanges",
    params(("name" = String, Path)),
    responses(
        (status = 202, body = ExchangeBody),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn allow_missing(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    ApiPath(name): ApiPath<String>,
) -> Result<(StatusCode, Json<ExchangeBody>), Problem> {
    let asked = act(&app, &name, move |workflow, name| {
        workflow.allow_missing(name, caller.actor())
    });
    Ok((StatusCode::ACCEPTED, asked.await?))
}

/// List what is held back
///
/// Contents with hashes that do not match until a person lets them go, and why. No value is
/// shown.
#[utoipa::path(
    get, path = "/api/v1/exchanges/{name}/held", tag = "exchanges",
    params(("name" = String, Path), PageQuery),
    responses(
        (status = 200, body = HeldPageBody),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_held(
    State(app): State<App>,
    ApiPath(name): ApiPath<String>,
    ApiQuery(page): ApiQuery<PageQuery>,
) -> Result<Json<HeldPageBody>, Problem> {
    let name = known_exchange(&name)?;
    let limit = page_size(page.limit)?;
    let after = ContentId(page.after.unwrap_or_default());
    let rows = app
        .blocking(move |workflow| workflow.held_entries(&name, after, limit + 1))
        .await?;
    let (rows, has_more) = split_page(rows, limit);
    let next = rows
        .last()
        .filter(|_| has_more)
        .map(|(content, _)| content.0);
    Ok(Json(HeldPageBody {
        items: rows.into_iter().map(HeldBody::of).collect(),
        next,
    }))
}

/// Release what is held back
///
/// The hashes of the content match from now on, before the answer is sent. The content gets a
/// new id.
#[utoipa::path(
    post, path = "/api/v1/exchanges/{name}/held/{id}/release", tag = "exchanges",
    params(("name" = String, Path), ("id" = i64, Path)),
    responses(
        (status = 204),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn release(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    ApiPath((name, id)): ApiPath<(String, String)>,
) -> Result<StatusCode, Problem> {
    let name = known_exchange(&name)?;
    let id: ContentId = id.parse().map_err(|_| Problem::new(Code::NotFound))?;
    app.blocking(move |workflow| workflow.release_entry(&name, id, caller.actor()))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Show what could not be read
///
/// The answer of the partner at which the last run failed, its values painted over.
#[utoipa::path(
    get, path = "/api/v1/exchanges/{name}/page", tag = "exchanges",
    params(("name" = String, Path)),
    responses(
        (status = 200, body = FaultPageBody),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn page(
    State(app): State<App>,
    ApiPath(name): ApiPath<String>,
) -> Result<Json<FaultPageBody>, Problem> {
    let name = known_exchange(&name)?;
    let page = app.blocking(move |workflow| workflow.exchange_fault_page(&name));
    Ok(Json(FaultPageBody { page: page.await? }))
}

/// Does something with an exchange, and shows it as it is then.
async fn act(
    app: &App,
    name: &str,
    change: impl FnOnce(&Workflow, &ListName) -> Result<(), ExchangeError> + Send + 'static,
) -> Result<Json<ExchangeBody>, Problem> {
    let name = known_exchange(name)?;
    let body = app.blocking(move |workflow| {
        change(workflow, &name)?;
        ExchangeBody::read(workflow, &name)
    });
    Ok(Json(body.await?))
}

/// A name in an address: one that cannot be an exchange's is simply not found.
fn known_exchange(text: &str) -> Result<ListName, Problem> {
    text.parse().map_err(|_| ExchangeError::NoExchange.into())
}

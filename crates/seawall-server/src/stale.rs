//! Says in the log which partners' lists are stale: once when they become so, and once a day
//! while they are.

use std::collections::BTreeMap;
use std::time::Duration;

use seawall_core::Timestamp;
use seawall_store::ListName;
use seawall_workflow::ExchangeStatus;

use crate::state::App;

/// Looks now and then, and warns. It looks for the first time after a pause: a server that was
/// away reads its lists first.
pub(crate) async fn warn_of_stale_lists(app: App) {
    let mut watch = Watch::default();
    loop {
        tokio::time::sleep(PAUSE).await;
        let statuses = app.blocking(|workflow| workflow.exchange_statuses()).await;
        let Ok(statuses) = statuses else {
            tracing::error!("it could not be seen how the exchanges go");
            continue;
        };
        let now = app.workflow.clock().now();
        for status in watch.due(&statuses, now) {
            let exchange = &status.exchange;
            tracing::warn!(
                exchange = %exchange.name,
                lag_s = status.lag_ms(now) / 1000,
                failures = exchange.failures,
                paused = exchange.paused,
                "a partner's list is stale: it was not read to its end for too long"
            );
        }
    }
}

/// What was told already.
#[derive(Debug, Default)]
struct Watch {
    told: BTreeMap<ListName, Timestamp>,
}

impl Watch {
    /// The exchanges whose staleness is to be told now.
    fn due<'a>(
        &mut self,
        statuses: &'a [ExchangeStatus],
        now: Timestamp,
    ) -> Vec<&'a ExchangeStatus> {
        let stale = statuses.iter().filter(|status| status.is_stale(now));
        let stale: Vec<&ExchangeStatus> = stale.collect();
        let is_stale = |name: &ListName| stale.iter().any(|status| status.exchange.name == *name);
        self.told.retain(|name, _| is_stale(name));
        let told = &mut self.told;
        stale
            .into_iter()
            .filter(|status| {
                let name = &status.exchange.name;
                let told_at = told.get(name);
                let is_time = told_at.is_none_or(|at| now.millis_since(*at) >= AGAIN_MS);
                if is_time {
                    told.insert(name.clone(), now);
                }
                is_time
            })
            .collect()
    }
}

const PAUSE: Duration = Duration::from_secs(600);
const AGAIN_MS: i64 = 24 * 60 * 60 * 1000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::fixture::exchange_status;

    const HOUR_MS: i64 = 60 * 60 * 1000;

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_millis(hours * HOUR_MS)
    }

    /// An exchange that is read each hour, and was last read at this one.
    fn read_at(hours: i64) -> ExchangeStatus {
        let mut status = exchange_status();
        status.exchange.succeeded_at = Some(at(hours));
        status
    }

    #[test]
    fn a_stale_list_is_told_once_a_day_until_it_is_read_again() {
        let mut watch = Watch::default();
        let mut told = |status: &ExchangeStatus, hour: i64| {
            let statuses = std::slice::from_ref(status);
            !watch.due(statuses, at(hour)).is_empty()
        };
        let status = read_at(0);
        assert!(!told(&status, 24), "a day is not more than a day");
        assert!(told(&status, 25) && !told(&status, 26) && !told(&status, 48));
        assert!(told(&status, 49));
        let again = read_at(50);
        assert!(!told(&again, 60));
        assert!(told(&again, 75), "it was read in between, so this is new");
        let unconfigured = ExchangeStatus {
            configured: false,
            every_ms: None,
            ..read_at(0)
        };
        assert!(!told(&unconfigured, 500), "nobody wants it read");
    }
}

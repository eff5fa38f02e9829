//! `search`: repositories by a word, at Docker Hub or at any registry that serves the search.

use registry_client::SearchResult;

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::event::Events;
use crate::filter::Filters;
use crate::remote::pass_on_warnings;

/// Results when the user names no number.
const RESULTS_DEFAULT: u32 = 25;
/// The most that may be asked for, as with Docker: more than that is no page.
const RESULTS_MAX: u32 = 100;

/// A request to search.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// What the user typed: words, or a registry and words (`host/words`).
    pub term: String,
    /// The most results; 0 stands for 25.
    pub limit: u32,
    /// `stars`, `is-official`, `is-automated`.
    pub filters: Filters,
}

/// Filters that were read.
struct Wanted {
    official: Option<bool>,
    automated: bool,
    stars: i64,
}

impl Engine {
    /// Searches. Filters apply to the answer, after its limit: that is how Docker does it.
    ///
    /// # Errors
    /// When the filters or the limit cannot be meant, or the registry does not search or fails.
    pub fn search(&self, request: &Search, events: &dyn Events) -> Result<Vec<SearchResult>> {
        let wanted = Wanted::read(&request.filters)?;
        let limit = if request.limit == 0 { RESULTS_DEFAULT } else { request.limit };
        if limit > RESULTS_MAX {
            let text = format!("limit {limit} is outside the range of [1, {RESULTS_MAX}]");
            return Err(Error::invalid(text));
        }
        let client = self.client(&self.cancel.child())?;
        let found = client.search(&request.term, limit);
        pass_on_warnings(&client, events);
        let mut found = found.map_err(|error| self.registry_error(&error))?;
        found.retain(|result| wanted.fits(result));
        Ok(found)
    }
}

impl Wanted {
    fn read(filters: &Filters) -> Result<Wanted> {
        filters.allow(&["is-automated", "is-official", "stars"])?;
        let automated = filters.flag("is-automated")?.unwrap_or(false);
        let official = filters.flag("is-official")?;
        let stars =
            filters.values("stars").map(parse_stars).try_fold(0, |most, stars| stars.map(|s| most.max(s)));
        Ok(Wanted { official, automated, stars: stars? })
    }

    fn fits(&self, result: &SearchResult) -> bool {
        let stars = i64::try_from(result.star_count).unwrap_or(i64::MAX);
        // Nothing is automated any more.
        !self.automated
            && self.official.is_none_or(|official| official == result.is_official)
            && stars >= self.stars
    }
}

/// A number as Go reads it.
fn parse_stars(text: &str) -> Result<i64> {
    text.parse().map_err(|_| {
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        let number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        let reason = if number { "value out of range" } else { "invalid syntax" };
        Error::invalid(format_args!(
            "invalid filter 'stars={text}': strconv.Atoi: parsing {text:?}: {reason}"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_refused_in_docker_s_words() {
        let check = |pair: (&str, &str), expect: &str| {
            let error = Wanted::read(&Filters::new([pair])).err().map(|error| error.to_string());
            assert_eq!(error.as_deref(), Some(expect), "{pair:?}");
        };
        check(("stars", "x"), "invalid filter 'stars=x': strconv.Atoi: parsing \"x\": invalid syntax");
        check(("stars", ""), "invalid filter 'stars=': strconv.Atoi: parsing \"\": invalid syntax");
        check(
            ("stars", "9223372036854775808"),
            "invalid filter 'stars=9223372036854775808': strconv.Atoi: parsing \"9223372036854775808\": value out of range",
        );
        check(("foo", "bar"), "invalid filter 'foo'");
        check(("is-official", "perhaps"), "invalid filter 'is-official=[perhaps]'");
    }
}

//! Stand-ins for partners, for drills and tests

# Every target sets up what it needs by itself; scripts/bootstrap says what that is.
# The variables RAPPORT_* and DATABASE_URL reach rapport as they are: `rapport serve --help` lists them.

.DEFAULT_GOAL := help
.PHONY: help bootstrap web run test bench bench-growth conformance soak

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

bootstrap: ## Install what this machine lacks; quiet when nothing is missing
	@scripts/bootstrap

web: bootstrap ## Build the dashboard, which the server embeds; quick when nothing has changed
	@scripts/web build

run: bootstrap ## Build and start rapport with its demo tenants and the sandbox
	@scripts/web build || echo 'make: the dashboard could not be built, so rapport starts without it' >&2
	@cargo build --release -p server --locked
	@exec target/release/rapport serve --demo

test: web ## Run everything that CI runs
	scripts/web check
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo build -p server -p verifier --locked
	cargo test --workspace --locked

bench: bootstrap ## Measure us beside our peers; the table is also written to target/bench.json
	cargo run --release -p bench --locked

bench-growth: bootstrap ## Measure the append again once the log holds 20 million events
	cargo run --release -p bench --locked -- --growth 20000000 --seconds 10

conformance: bootstrap ## Run the event store's conformance suite at full length and write its table
	cargo build -p server --locked
	RAPPORT_TEST_SCALE=full RAPPORT_CONFORMANCE_WRITE=1 cargo test -p tests --test it --locked -- --nocapture \
		conformance:: histories:: log:: cqrs:: race:: idempotency:: wire::
	@cat tests/CONFORMANCE.md

soak: web ## Run every long test at full size
	cargo build -p server -p verifier --locked
	RAPPORT_TEST_SCALE=full cargo test -p tests --locked

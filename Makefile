# Everything a newcomer needs starts here; `make` alone lists it.
# Each target does its own set-up: git, make and npm with Node 20 or newer are enough (bin/with-node); infra-test, e2e and
# what deploys take Terraform besides, scan and e2e Python 3.

.DEFAULT_GOAL := help
.PHONY: help setup demo run build build-and-upload test infra-test scan fuzz sim sim-exhaustive mutations e2e contract bench profile lint types format clean

with-node := bin/with-node

help: ## show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: node_modules/.modules.yaml ## install the dependencies (every other target does it for you)

node_modules/.modules.yaml: pnpm-lock.yaml pnpm-workspace.yaml package.json $(wildcard packages/*/package.json examples/*/package.json)
	@$(with-node) pnpm install --frozen-lockfile --silent >&2
	@touch $@

demo: setup ## make 558,000 transactions and carry them through the whole pipeline
	@bin/sluice demo $(ARGS)

run: setup ## carry a CSV file through the pipeline: make run FILE=data.csv OUT=folder ARGS="--json"
	@test -n "$$FILE" || { echo 'make run: expected FILE=<a CSV file>, found none' >&2; exit 2; }
	@cd "$(PWD)" && "$(CURDIR)/bin/sluice" run $(if $(OUT),--out "$$OUT") $(ARGS) -- "$$FILE"

build: setup ## bundle the Lambdas into dist: make build PROCESSOR=my-processor.ts
	@cd "$(PWD)" && "$(CURDIR)/$(with-node)" node "$(CURDIR)/packages/build/src/build.ts"

build-and-upload: setup ## the same, and upload them for terraform: ARTIFACTS_BUCKET=name, or it makes a bucket
	@cd "$(PWD)" && "$(CURDIR)/$(with-node)" node "$(CURDIR)/packages/build/src/build-and-upload.ts"

test: setup ## lint, check types, and run every package's tests and those of infra
	@$(with-node) pnpm lint
	@$(with-node) pnpm test
	@infra/test

infra-test: ## check the Terraform code and run its tests: TF_PLUGIN_DIR=<provider mirror>, or as terraform is configured
	@infra/test

scan: ## scan the Terraform code with checkov, in a Python environment of its own
	@infra/scan

fuzz: setup ## try random broken input for MINUTES=10; SEED=... repeats a run, CASE=... one case of it
	@$(with-node) node packages/core/src/fuzz/command.ts --minutes "$(MINUTES)" --seed "$(SEED)" --case "$(CASE)" --only "$(ONLY)"

sim: setup ## simulate the pipeline under faults: SEEDS=1000 FROM=1 tries many seeds, SEED=n tells all of one
	@$(with-node) $(simulator) $(if $(SEED),seed "$(SEED)",seeds) $(sim-options)

simulator = node --disable-warning=ExperimentalWarning packages/simulator/src/command.ts
sim-option = $(if $($1),--$2 "$($1)")
sim-options = $(call sim-option,SCENARIO,scenario) $(call sim-option,WITHOUT,without) $(call sim-option,FAULTS,faults) \
	$(call sim-option,UPLOADS,uploads) $(call sim-option,RECORDS,records) \
	$(if $(SEED),$(call sim-option,KILLS,kills),$(call sim-option,SEEDS,seeds) $(call sim-option,FROM,from))

sim-exhaustive: setup ## kill a process at every port call of a small simulation, then at every pair of calls
	@$(with-node) $(simulator) exhaustive

mutations: setup ## put each deliberate bug into the product, and simulate until it is caught: ONLY=M1,M2
	@$(with-node) $(simulator) mutations $(if $(ONLY),--only "$(ONLY)") $(if $(SEEDS),--seeds "$(SEEDS)")

e2e: setup ## deploy to an emulator with the real build and Terraform, and close the ledger: KEEP=1 keeps its folder
	@KEEP="$(KEEP)" $(with-node) node packages/e2e/src/command.ts

contract: setup ## run the ports' suites against an endpoint: make contract ENDPOINT=http://127.0.0.1:8000 ONLY=tables
	@test -n "$(ENDPOINT)" || { echo 'make contract: expected ENDPOINT=<the URL of an endpoint>, found none' >&2; exit 2; }
	@cd packages/e2e && SLUICE_E2E_ENDPOINT="$(ENDPOINT)" "$(CURDIR)/$(with-node)" pnpm exec vitest run --config vitest.contract.config.ts $(ONLY)

bench: setup ## measure it against the usual ways, into docs/performance.md: ONLY=store,scan REPEAT=5 FILE=data.csv QUICK=1 looks only
	@cd "$(PWD)" && "$(CURDIR)/$(with-node)" node --disable-warning=ExperimentalWarning "$(CURDIR)/packages/bench/src/command.ts" \
		$(if $(ONLY),--only "$(ONLY)") $(if $(REPEAT),--repeat "$(REPEAT)") $(if $(FILE),--file "$$FILE") $(if $(QUICK),--quick)

profile: setup ## what a local run's time goes to, thread by thread: make profile FILE=data.csv; without it the demo's file
	@cd "$(PWD)" && "$(CURDIR)/$(with-node)" node --disable-warning=ExperimentalWarning "$(CURDIR)/packages/bench/src/profile/command.ts" -- "$$FILE"

lint: setup ## check style and formatting
	@$(with-node) pnpm lint

types: setup ## check types
	@$(with-node) pnpm exec turbo run types

format: setup ## put style and formatting right
	@$(with-node) pnpm format

clean: ## remove what was installed and built
	rm -rf node_modules packages/*/node_modules examples/*/node_modules .turbo packages/*/.turbo .cache dist

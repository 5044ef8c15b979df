# Four tiers, each on top of those below it. `./duende test` (in tier 2) is the one that a CI calls.
# DUENDE_TEST passes options to it, for example DUENDE_TEST=--install-lab.
MVN ?= mvn
MVNFLAGS ?= -B -q
DUENDE_TEST ?=

.PHONY: help tier1 tier2 tier3 tier4 format lint compile test dependencies coverage conformance mutation release sbom security clean

help:
	@sed -n 's/^\([a-z0-9]*\):.*## \(.*\)/\1	\2/p' Makefile

tier1: format-check compile ## layout, lint and compile: seconds when little changed
tier2: tier1 test dependencies ## every test that this machine can run, and what the product is made of
tier3: tier2 coverage mutation ## lines that tests reach (at least 92 %), and changes that tests notice
tier4: tier3 release sbom security ## the release twice from a clean checkout, equal byte for byte; SBOM; security checks

.PHONY: format-check
format-check:
	cnf/format.sh check

format: ## lay out all Java as the project's is
	cnf/format.sh apply

compile: ## the compiler is also the linter: it refuses what cnf/pom.xml says
	$(MVN) $(MVNFLAGS) -o test-compile || $(MVN) $(MVNFLAGS) test-compile

test: ## ./duende test
	./duende test $(DUENDE_TEST)

# What is delivered: JMH, with which the benchmarks measure, has another licence (GPL-2.0 with the classpath exception).
dependencies: ## licences are allowed ones, and docs/dependencies.md knows every library
	$(MVN) $(MVNFLAGS) -Dquick -Dmaven.test.skip=true -pl .,distro -am package license:aggregate-add-third-party
	cnf/dependencies.sh

coverage: ## report in target/coverage; fails under 92 % of lines
	cnf/coverage.sh 92

conformance: ## every adapter against the conformance kit; writes docs/conformance.md
	cnf/conformance.sh

mutation: ## small changes of the code that unit tests must notice; reports in */target/pit-reports
	cnf/mutation.sh

release: ## build HEAD twice in folders of its own and compare; result in target/release
	cnf/release.sh

sbom: ## CycloneDX, in target/bom.json
	$(MVN) $(MVNFLAGS) -Dquick -Dmaven.test.skip=true package cyclonedx:makeAggregateBom
	@test -s target/bom.json

security: ## scripts, workflows and the release archive looked over
	cnf/security.sh

clean:
	$(MVN) $(MVNFLAGS) clean

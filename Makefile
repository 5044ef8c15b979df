# Four tiers, each with everything below it. `./duende test` is the one that a CI calls.
MVN ?= mvn
MVNFLAGS ?= -B -q

.PHONY: tier1 format
tier1: ## layout, shell scripts, compile: seconds when little changed
	cnf/format.sh check
	$(MVN) $(MVNFLAGS) test-compile

format: ## lay out all Java as the project's is
	cnf/format.sh apply

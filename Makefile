# What people run. Each target installs what it needs from Debian when it is missing, and says what
# it does. BUILD is where SwiftPM puts its files; TESTS is passed to `swift test`.
BUILD ?= .build
RELEASE ?= .build-release
FUZZ ?= .build-fuzz
TESTS ?=
RUNS ?= 300
MINUTES ?= 10
TARGET ?=
ROUNDS ?= 3

DEBUG_BINARY = $(BUILD)/debug/martlet
RELEASE_BINARY = $(RELEASE)/release/martlet

.PHONY: help demo run test samples suites lint build release bench bench-receive bench-send bench-queue \
	bench-understand bench-rules bench-handlers bench-slow crash testssl fuzz clean

help:
	@sed -n 's/^## //p' Makefile

## make demo           build, start servers in var/demo, receive and send mails, show what became of each
demo: build
	@scripts/install demo
	@BINARY=$(DEBUG_BINARY) scripts/demo

## make run            serve what the demo served, until Ctrl-C
run: build
	@mkdir -p var/demo
	$(DEBUG_BINARY) serve -c samples/demo.yaml

## make test           everything: lint, unit tests, and black-box tests with other people's clients
test:
	@scripts/install build test
	@scripts/fetch-peer rspamd var/peers/rspamd
	@scripts/fetch-peer clamav var/peers/clamav
	swift build --scratch-path $(BUILD) --build-tests
	@swift format lint -r --strict Sources Tests Benchmarks Package.swift
	swift test --scratch-path $(BUILD) --skip-build $(TESTS)
	MARTLET_BINARY=$(abspath $(DEBUG_BINARY)) python3 Tests/BlackBox/run.py

## make samples        each sample by the commands of its README, and the moving guides, over SMTP
samples: build
	@scripts/install test
	@python3 scripts/samples.py --martlet $(abspath $(DEBUG_BINARY))

## make suites         other people's test data against the built program; MARTLET_CORPORA names it
suites: build
	swift build --scratch-path $(BUILD) --product SuiteRunner
	@MARTLET_BINARY=$(abspath $(DEBUG_BINARY)) python3 Tests/Suites/run.py --folder $(BUILD)/corpora

## make lint           the format alone
lint:
	swift format lint -r --strict Sources Tests Benchmarks Package.swift

build:
	@scripts/install build
	swift build --scratch-path $(BUILD) --product martlet

## make release        the program to install: optimised, with Swift's own libraries in it
release:
	@scripts/install build
	swift build -c release --static-swift-stdlib --scratch-path $(RELEASE) --product martlet
	swift build -c release --static-swift-stdlib --scratch-path $(RELEASE) --product BareReceiver

## make bench          bench-receive, bench-send and bench-rules
bench: bench-receive bench-send bench-rules

## make bench-receive  Martlet against Debian's Postfix on this disk (ROUNDS=3); about 15 minutes
bench-receive: release
	@scripts/install bench
	@scripts/fetch-peer postfix var/peers/postfix
	python3 Benchmarks/receive.py --martlet $(RELEASE_BINARY) \
		--bare $(RELEASE)/release/BareReceiver --peers var/peers --rounds $(ROUNDS)
	python3 Benchmarks/memory.py --martlet $(RELEASE_BINARY)

## make bench-send     relaying, unsigned and signed, against Postfix (and OpenDKIM); five minutes
bench-send: release
	@scripts/install build bench
	@scripts/fetch-peer postfix var/peers/postfix
	@scripts/fetch-peer opendkim-milter var/peers/opendkim-milter
	python3 Benchmarks/send.py --martlet $(RELEASE_BINARY) --peers var/peers --rounds $(ROUNDS)

## make bench-queue    a million mails that wait for 10,000 domains; five minutes, 3 GB of disk
bench-queue: release
	@scripts/install build bench
	python3 Benchmarks/queued.py --martlet $(RELEASE_BINARY)

## make bench-rules    200 rules with 100 recipients each against one rule; 200 rules with conditions
bench-rules: release
	@scripts/install bench
	@scripts/fetch-peer postfix var/peers/postfix
	swift build -c release --static-swift-stdlib --scratch-path $(RELEASE) --product UnderstandBench
	python3 Benchmarks/rules.py --martlet $(RELEASE_BINARY) \
		--bench $(RELEASE)/release/UnderstandBench --peers var/peers --rounds $(ROUNDS)

## make bench-handlers  workers and scripts; what 100,000 dead letters cost those who send
bench-handlers: release
	@scripts/install bench
	@scripts/fetch-peer postfix var/peers/postfix
	swift build -c release --static-swift-stdlib --scratch-path $(RELEASE) --product BareHandlers
	python3 Benchmarks/handlers.py --martlet $(RELEASE_BINARY) --peers var/peers --rounds $(ROUNDS)
	python3 Benchmarks/scripts.py --martlet $(RELEASE_BINARY) \
		--bare $(RELEASE)/release/BareHandlers --peers var/peers --rounds $(ROUNDS)
	python3 Benchmarks/dead_letters.py --martlet $(RELEASE_BINARY) --peers var/peers \
		--rounds $(ROUNDS)

## make bench-understand  what reading and judging a mail cost, beside what people use; five minutes
bench-understand: release
	@scripts/install bench
	swift build -c release --static-swift-stdlib --scratch-path $(RELEASE) --product UnderstandBench
	@scripts/fetch-peer opendkim var/peers/opendkim
	@scripts/python-env var/bench-python Benchmarks/requirements.txt
	var/bench-python/bin/python Benchmarks/understand.py \
		--bench $(RELEASE)/release/UnderstandBench --peers var/peers --rounds $(ROUNDS)
	@scripts/fetch-peer postfix var/peers/postfix
	var/bench-python/bin/python Benchmarks/verdicts.py --martlet $(RELEASE_BINARY) \
		--peers var/peers --rounds $(ROUNDS)

## make bench-slow     the rate of others beside 5,000 slow sessions; some minutes
bench-slow: release
	@scripts/install bench
	@scripts/fetch-peer postfix var/peers/postfix
	python3 Benchmarks/slow.py --martlet $(RELEASE_BINARY) --peers var/peers --rounds $(ROUNDS)

## make testssl        Debian's testssl.sh against STARTTLS and TLS from the start; some minutes
testssl: build
	@scripts/install testssl
	python3 scripts/testssl.py --martlet $(DEBUG_BINARY)

## make crash          kill -9 and power cuts at chosen calls under load (RUNS=300 of each), compare
crash: release
	@scripts/install test
	python3 scripts/crash.py --martlet $(RELEASE_BINARY) --runs $(RUNS)

## make fuzz           each fuzz target for MINUTES=10, or TARGET=session alone
fuzz:
	@scripts/install build
	MARTLET_FUZZ=1 swift build -c release --scratch-path $(FUZZ) --product Fuzzer
	python3 scripts/fuzz.py --fuzzer $(FUZZ)/release/Fuzzer --minutes $(MINUTES) \
		$(if $(TARGET),--target $(TARGET))

## make clean          removes var, what servers and tests of this folder wrote
clean:
	rm -rf var

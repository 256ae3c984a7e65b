# Everything a checkout does. Each target makes .venv first, from pyproject.toml and the exact versions in constraints.txt.
#   make run                     the main job: bahdanau, dot and general on the default data set, then the report
#   make test ARGS="-k bleu"     ARGS adds arguments to the command of any target
#   make test-fast               what neither starts a process nor compiles; every other target of tests runs everything
#   make test-jax                what is computed by hand or by an equation once more, on JAX in float64
#   make run PYTHON=python3.12   another Python (3.11 to 3.13); .venv is made again for it

PYTHON = python3
ARGS =

# What is computed by hand or by an equation has to be right on JAX as well.
ON_BOTH = tests/backend $(addprefix tests/attention/test_,article.py equations.py oracle.py) \
	$(addprefix tests/decoding/test_,beam.py largest.py search.py)

# Tests run in two processes, each file in one of them. PARALLEL= runs them in this one.
PARALLEL = --numprocesses 2 --dist loadfile

BIN = .venv/bin
MADE = .venv/made-by-$(notdir $(PYTHON))
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: run test test-fast test-jax lint types contracts smoke report ui reference wheel clean

run: .venv/installed
	$(BIN)/python -m attnbench -m attention=bahdanau,dot,general $(ARGS)

report: .venv/installed
	$(BIN)/python -m attnbench.report $(ARGS)

ui: .venv/installed
	$(BIN)/mlflow ui --backend-store-uri sqlite:///mlflow.db $(ARGS)

smoke: .venv/installed
	$(BIN)/python -m attnbench -m +experiments=smoke $(ARGS)

test: .venv/installed-dev
	$(BIN)/python -m pytest $(PARALLEL) $(ARGS)

test-fast: .venv/installed-dev
	$(BIN)/python -m pytest -m 'not slow' $(PARALLEL) $(ARGS)

test-jax: .venv/installed-dev
	KERAS_BACKEND=jax JAX_ENABLE_X64=1 JAX_PLATFORMS=cpu $(BIN)/python -m pytest $(ON_BOTH) $(PARALLEL) $(ARGS)

lint: .venv/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/installed-dev
	$(BIN)/mypy

contracts: .venv/installed-dev
	$(BIN)/lint-imports

reference: .venv/installed
	$(BIN)/python docs/reference.py

wheel: .venv/installed-dev
	$(BIN)/python -m build --wheel --no-isolation

clean:
	rm -rf .venv build dist

$(MADE):
	$(PYTHON) -m venv --clear .venv
	touch $@

.venv/installed: $(MADE) pyproject.toml constraints.txt
	@echo 'Installing what running needs: about 3 GB, a minute or two.'
	$(INSTALL) --editable .
	touch $@

.venv/installed-dev: $(MADE) pyproject.toml constraints.txt
	@echo 'Installing what development needs: about 3 GB, a minute or two.'
	$(INSTALL) --editable '.[jax,parallel,dev]'
	touch .venv/installed $@

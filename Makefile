# The two commands of the README are `make demo` and `make test`; everything else is for development.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
READY := .venv/.ready

.PHONY: demo test slow bars pictures sample-data lint clean

demo: $(READY)
	@tools/system_libraries.sh optional
	$(BIN)/renal-fusion demo --out demo-output
	@echo "Open demo-output/report.html"

test: $(READY) lint
	@tools/system_libraries.sh
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal

slow: $(READY)
	@tools/system_libraries.sh
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal -m slow

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/npe2 validate napari-renal-fusion

# Studies and benchmarks; their figures are copied into benchmarks/RESULTS.md.
bars: $(READY)
	@tools/system_libraries.sh
	xvfb-run -a -s "-screen 0 1920x1200x24" $(BIN)/python -m benchmarks

# The pictures of the documentation, from the running program.
pictures: $(READY)
	@tools/system_libraries.sh
	xvfb-run -a -s "-screen 0 1920x1200x24" $(BIN)/python docs/make_pictures.py
	xvfb-run -a -s "-screen 0 1920x1200x24" $(BIN)/python docs/healnet_pictures.py
	xvfb-run -a -s "-screen 0 1920x1200x24" $(BIN)/python docs/panel_pictures.py
	xvfb-run -a -s "-screen 0 3840x2160x24" $(BIN)/python docs/reading_pictures.py

# The small cohort and the demonstration bundle that the package ships.
sample-data: $(READY)
	$(BIN)/python tools/make_sample_data.py

$(READY): pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -e ".[dev]"
	@touch $@

clean:
	rm -rf .venv demo-output dist build .pytest_cache .ruff_cache .import_linter_cache

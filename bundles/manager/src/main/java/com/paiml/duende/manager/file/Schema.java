package com.paiml.duende.manager.file;

import static com.paiml.duende.manager.file.Type.*;

import com.paiml.duende.api.DaemonConfig.RestartBy;
import com.paiml.duende.api.GroupConfig;
import com.paiml.duende.api.HealthCheck;
import com.paiml.duende.api.Readiness;
import com.paiml.duende.api.Resources;
import com.paiml.duende.api.RestartPolicy;
import com.paiml.duende.api.Sandbox;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** The keys of a kind of file: what the reader checks against and what the reference in {@code docs/} says. */
final class Schema {
  private static final double MS = 1e6;
  private static final double SECOND = 1e9;
  private static final double DAY = 86_400 * SECOND;
  private static final double YEAR = 365 * DAY;
  private static final int INT = Integer.MAX_VALUE;

  /** A daemon file, in the order of the reference. The tables of platforms come from their adapters. */
  static final Schema DAEMON =
      new Schema(
          Stream.of(
                  identity(),
                  what(),
                  surroundings(),
                  supervision(),
                  probes(),
                  depends(),
                  resources(),
                  sandbox(),
                  rest())
              .flatMap(List::stream)
              .toList());

  /** A daemon file's keys in a flat map, where an object of the service registry may be what runs. */
  static final Schema FLAT =
      new Schema(
          Stream.concat(
                  DAEMON.keys().stream(),
                  Stream.of(Key.of("service", TEXT, "", "\"com.example.Counter\"", "Its class.")))
              .toList());

  /** A group file. */
  static final Schema GROUP = new Schema(group());

  private final List<Key> keys;

  private Schema(List<Key> keys) {
    this.keys = keys;
  }

  List<Key> keys() {
    return keys;
  }

  Optional<Key> key(String path) {
    return keys.stream().filter(k -> k.path().equals(path)).findFirst();
  }

  /** Whether keys lie below this path: it is a table. */
  boolean isTable(String path) {
    return keys.stream().anyMatch(k -> k.path().startsWith(path + "."));
  }

  /** What may stand in a table, keys and tables alike; {@code ""} is the file itself. */
  Set<String> namesIn(String table) {
    Set<String> names = new LinkedHashSet<>();
    String prefix = table.isEmpty() ? "" : table + ".";
    for (Key key : keys) {
      if (key.path().startsWith(prefix)) {
        names.add(key.path().substring(prefix.length()).split("\\.")[0]);
      }
    }
    return names;
  }

  /** The last parts of all keys. */
  Set<String> names() {
    Set<String> names = new LinkedHashSet<>();
    keys.forEach(k -> names.add(k.name()));
    return names;
  }

  /** The paths of all keys with this last part. */
  List<String> pathsOf(String name) {
    return keys.stream().filter(k -> k.name().equals(name)).map(Key::path).toList();
  }

  private static <E extends Enum<E>> List<String> words(Class<E> constants) {
    List<String> words = new ArrayList<>();
    for (E constant : constants.getEnumConstants()) {
      words.add(constant.name().toLowerCase(Locale.ROOT).replace('_', '-'));
    }
    return words;
  }

  private static List<Key> identity() {
    return List.of(
        Key.of("name", NAME, "", "\"web\"", "The identity of the daemon. Must be written."),
        Key.of("version", TEXT, "\"0.1.0\"", "\"1.4.2\"", "Your own version, shown by `ps`."),
        Key.of("description", TEXT, "\"\"", "\"static files\"", "One line for people."),
        Key.of(
            "platform",
            NAME,
            "\"native\"",
            "\"systemd\"",
            "What runs it: `native`, `systemd`, `launchd`, `container`, `pepita`, `wos`, or the"
                + " name that a plug-in brings."));
  }

  private static List<Key> what() {
    return List.of(
        Key.of(
            "binary_path",
            PATH,
            "",
            "\"/usr/bin/python3\"",
            "A program: an absolute path, a path relative to `working_dir`, or a name that is"
                + " looked for on the PATH. Beside `image` or `rootfs` it is the program in"
                + " there."),
        Key.of(
            "args",
            TEXTS,
            "[]",
            "[\"-m\", \"http.server\", \"8080\"]",
            "Arguments of the program, one by one; no shell reads them."),
        Key.of(
            "class",
            TEXT,
            "",
            "\"com.example.Counter\"",
            "A class that implements `Daemon`. Under `native` it runs inside the container's JVM,"
                + " unless `[native] process = true`; elsewhere in a JVM of its own."),
        Key.of(
            "bundle",
            TEXT,
            "\"\"",
            "\"com.example.counter\"",
            "Symbolic name of the bundle that has the class. Empty: whichever has it."),
        Key.of(
            "image",
            TEXT,
            "",
            "\"docker.io/library/nginx:1.27\"",
            "A container image, as the engine understands it."),
        Key.of(
            "module",
            PATH,
            "",
            "\"counter.wasm\"",
            "A WebAssembly module (WASI preview 1). A relative path begins at the daemon file's"
                + " folder."),
        Key.of(
            "rootfs",
            PATH,
            "",
            "\"root.ext4\"",
            "Root file system of a virtual machine; `\"\"` is the built one. A relative path begins"
                + " at the daemon file's folder."));
  }

  private static List<Key> surroundings() {
    return List.of(
        Key.of(
            "config_path",
            PATH,
            "\"\"",
            "\"/etc/web.conf\"",
            "The daemon's own configuration file. `duende signal NAME HUP` makes it read that"
                + " again."),
        Key.of(
            "working_dir",
            PATH,
            "\"\"",
            "\"/srv/www\"",
            "Where it runs. A relative path begins at the daemon file's folder. Empty: its state"
                + " directory."),
        Key.of(
            "user",
            TEXT,
            "\"\"",
            "\"www-data\"",
            "Name or number of the user it runs as. Empty: the container's own."),
        Key.of(
            "group",
            TEXT,
            "\"\"",
            "\"www-data\"",
            "Name or number of its group. Empty: the user's first."),
        Key.of(
            "env",
            ENVIRONMENT,
            "[]",
            "[\"LANG=C\", \"PORT=8080\"]",
            "Variables, in order. Nothing of the container's own environment is inherited but PATH,"
                + " HOME, USER, LOGNAME, SHELL and LANG; TRACEPARENT (and TRACESTATE) hold the"
                + " trace of the run unless they are set here."),
        Key.of(
                "instances",
                WHOLE,
                "1",
                "4",
                "How many of it run; above 1 they are called `NAME.1`, `NAME.2` and so on.")
            .within(1, 1000));
  }

  private static List<Key> supervision() {
    return List.of(
        Key.word(
            "restart",
            words(RestartPolicy.class),
            "\"on-failure\"",
            "\"always\"",
            "When it is started again after it ended by itself."),
        Key.word(
            "restart_by",
            words(RestartBy.class),
            "\"manager\"",
            "\"platform\"",
            "Who starts it again. `platform`: systemd, launchd or the container engine does, and"
                + " says so."),
        Key.of(
                "max_retries",
                WHOLE,
                "10",
                "3",
                "Bounds `max-retries` and `with-backoff`, and other policies where it is written.")
            .within(1, INT),
        Key.of(
                "shutdown_timeout",
                DURATION,
                "\"30s\"",
                "\"1m 30s\"",
                "From the stop signal to KILL.")
            .within(0, DAY),
        Key.of(
            "stop_signal",
            SIGNAL,
            "\"TERM\"",
            "\"INT\"",
            "Asks it to end: HUP, INT, QUIT, TERM, USR1, USR2 or KILL."),
        Key.of(
                "backoff.initial",
                DURATION,
                "\"1s\"",
                "\"250ms\"",
                "Before the first restart. With `0s` a program on `native` has its next run"
                    + " prepared while it runs.")
            .within(0, DAY),
        Key.of("backoff.max", DURATION, "\"300s\"", "\"1m\"", "Before any restart, at most.")
            .within(0, DAY),
        Key.of("backoff.multiplier", NUMBER, "2.0", "1.5", "From one restart to the next.")
            .within(1, 1000),
        Key.of(
                "backoff.jitter",
                NUMBER,
                "0.1",
                "0.25",
                "Fraction by which each delay is lengthened or shortened at random.")
            .within(0, 1),
        Key.of(
                "backoff.reset_after",
                DURATION,
                "\"10m\"",
                "\"1m\"",
                "A healthy spell of this length halves the count of restarts; each further one"
                    + " again, to zero.")
            .within(MS, YEAR),
        Key.of(
            "exit.success",
            EXITS,
            "[0]",
            "[0, 3, \"SIGTERM\"]",
            "Exits that count as graceful: codes, ranges such as `\"64-78\"`, signals."),
        Key.of(
            "exit.never_restart",
            EXITS,
            "[]",
            "[\"64-78\", \"SIGABRT\"]",
            "Exits after which it is not started again, whatever `restart` says. Asked before"
                + " `success`."),
        Key.of(
                "exit.tally.deaths",
                WHOLE,
                "10",
                "5",
                "So many deaths within `within` and it has failed; 0: never.")
            .within(0, 10_000),
        Key.of("exit.tally.within", DURATION, "\"1m\"", "\"5m\"", "The window of the tally.")
            .within(MS, DAY));
  }

  private static List<Key> probes() {
    return List.of(
        Key.word(
            "readiness.type",
            words(Readiness.Type.class),
            "\"none\"",
            "\"http\"",
            "How it shows that it can do its work. `none`: running is ready (a class: `init`"
                + " returned); `notify`: sd_notify(3); `fd`: a line on a descriptor; `log`: a line"
                + " in its log; `host`: a class calls `context.ready()`."),
        Key.of(
            "readiness.url",
            URL,
            "\"\"",
            "\"http://127.0.0.1:8080/\"",
            "For `http`: ready at a status 200 to 399."),
        Key.of(
            "readiness.address",
            ADDRESS,
            "\"\"",
            "\"127.0.0.1:5432\"",
            "For `tcp`: ready when it accepts a connection."),
        Key.of(
            "readiness.command",
            COMMAND,
            "[]",
            "[\"/usr/bin/pg_isready\"]",
            "For `exec`: ready at exit status 0."),
        Key.of(
            "readiness.pattern",
            PATTERN,
            "\"\"",
            "\"listening on port [0-9]+\"",
            "For `log`: found in a line of the log."),
        Key.of(
                "readiness.fd",
                WHOLE,
                "3",
                "4",
                "For `fd`: the descriptor on which it writes a line when it is ready.")
            .within(3, 255),
        Key.of(
                "readiness.timeout",
                DURATION,
                "\"20s\"",
                "\"1m\"",
                "Ready within this, or the start has failed.")
            .within(MS, DAY),
        Key.of(
                "readiness.interval",
                DURATION,
                "\"100ms\"",
                "\"1s\"",
                "Between two tries of http, tcp and exec.")
            .within(MS, DAY),
        Key.of(
            "health_check.enabled",
            TRUTH,
            "false",
            "true",
            "Whether its health is asked for. Where the table has any other key: `true`."),
        Key.word(
            "health_check.type",
            words(HealthCheck.Type.class),
            "\"daemon\"",
            "\"exec\"",
            "`daemon`: its own `healthCheck()`, or the platform's own health check; else a command,"
                + " a URL, a connection."),
        Key.of(
            "health_check.url",
            URL,
            "\"\"",
            "\"http://127.0.0.1:8080/health\"",
            "For `http`: healthy at a status 200 to 399."),
        Key.of(
            "health_check.address",
            ADDRESS,
            "\"\"",
            "\"127.0.0.1:5432\"",
            "For `tcp`: healthy when it accepts a connection."),
        Key.of(
            "health_check.command",
            COMMAND,
            "[]",
            "[\"/usr/bin/curl\", \"-f\", \"http://127.0.0.1:8080/\"]",
            "For `exec`: healthy at exit status 0. Runs where the daemon runs. With `image` and"
                + " `daemon`, the container engine runs it."),
        Key.of("health_check.interval", DURATION, "\"30s\"", "\"5s\"", "Between two checks.")
            .within(10 * MS, DAY),
        Key.of(
                "health_check.timeout",
                DURATION,
                "\"10s\"",
                "\"2s\"",
                "For one check; a command that runs out of it is killed with all its children.")
            .within(MS, DAY),
        Key.of("health_check.retries", WHOLE, "3", "5", "Failures in a row until it is unhealthy.")
            .within(1, 1000),
        Key.of(
                "health_check.start_period",
                DURATION,
                "\"0s\"",
                "\"1m\"",
                "After readiness; failures do not count.")
            .within(0, DAY),
        Key.word(
            "health_check.on_unhealthy",
            words(HealthCheck.OnUnhealthy.class),
            "\"restart\"",
            "\"report\"",
            "What follows from ill health."),
        Key.of(
                "watchdog.interval",
                DURATION,
                "",
                "\"10s\"",
                "A heartbeat is due within this, or it is killed: `WATCHDOG=1` by sd_notify, or"
                    + " `context.heartbeat()` of a class. Needs readiness `notify` or `host`.")
            .within(10 * MS, DAY));
  }

  private static List<Key> depends() {
    return List.of(
        Key.of(
            "depends.after",
            NAMES,
            "[]",
            "[\"db\"]",
            "Started after these are ready, where they are to be started at all."),
        Key.of(
            "depends.requires",
            NAMES,
            "[]",
            "[\"db\"]",
            "Started with it and before it; it is stopped when one of them stops."),
        Key.of(
            "depends.wants",
            NAMES,
            "[]",
            "[\"cache\"]",
            "Started with it and before it; it starts even when they fail."),
        Key.of(
            "depends.group",
            NAME,
            "\"\"",
            "\"shop\"",
            "The group it belongs to, file `etc/groups/NAME.toml`."));
  }

  private static List<Key> resources() {
    return List.of(
        Key.of("resources.memory", SIZE, "\"512MiB\"", "\"1GiB\"", "Memory; 0 is the default."),
        Key.of(
            "resources.memory_swap",
            SIZE,
            "\"1GiB\"",
            "\"2GiB\"",
            "Memory and swap together, not below `memory`; 0 is the default, which is `memory`"
                + " where that is more."),
        Key.of(
                "resources.cpu_quota",
                NUMBER,
                "100.0",
                "150.0",
                "Percent of one core: 150 is one core and a half.")
            .within(0.1, 1e6),
        Key.of(
                "resources.cpu_shares",
                WHOLE,
                "1024",
                "512",
                "Weight against others when cores are short.")
            .within(2, 262_144),
        Key.of(
            "resources.io_read_bps",
            SIZE,
            "0",
            "\"50MiB\"",
            "Bytes per second from block devices; 0: no limit."),
        Key.of(
            "resources.io_write_bps",
            SIZE,
            "0",
            "\"20MiB\"",
            "Bytes per second to block devices; 0: no limit."),
        Key.of(
            "resources.network_bps", SIZE, "0", "\"10MiB\"", "Bytes per second sent; 0: no limit."),
        Key.of(
            "resources.disk",
            SIZE,
            "0",
            "\"1GiB\"",
            "The daemon's state directory; 0: no limit. Its log is bounded by log.max_size and"
                + " log.keep."),
        Key.of("resources.pids", WHOLE, "100", "20", "Processes and threads.").within(1, 4_194_304),
        Key.of("resources.open_files", WHOLE, "1024", "65536", "Descriptors of each process.")
            .within(8, 1_073_741_816),
        Key.of(
            "resources.lock_memory",
            TRUTH,
            "false",
            "true",
            "Keeps its memory out of swap: a JVM of its own locks itself, a program's control group"
                + " gets no swap."),
        Key.of(
            "resources.lock_memory_required",
            TRUTH,
            "false",
            "true",
            "It must not start where that cannot be done."),
        Key.word(
            "resources.enforce",
            words(Resources.Enforce.class),
            "\"strict\"",
            "\"best-effort\"",
            "A limit written here that cannot be applied: refuse to start, or start and show it as"
                + " not in force. Defaults are always best effort."));
  }

  private static List<Key> sandbox() {
    return List.of(
        Key.of(
            "sandbox.no_new_privs",
            TRUTH,
            "false",
            "true",
            "No program that it runs gains rights (set-user-ID, file capabilities)."),
        Key.of(
            "sandbox.capabilities",
            CAPABILITIES,
            "",
            "[\"CAP_NET_BIND_SERVICE\"]",
            "The only capabilities left; `[]` leaves none. Not written: not restricted."),
        Key.word(
            "sandbox.syscalls.default",
            List.of("allow", "deny"),
            "\"allow\"",
            "\"deny\"",
            "What holds for system calls that are in neither list."),
        Key.of("sandbox.syscalls.allow", TEXTS, "[]", "[\"read\", \"write\"]", "Allowed ones."),
        Key.of(
            "sandbox.syscalls.deny",
            TEXTS,
            "[]",
            "[\"reboot\", \"kexec_load\"]",
            "Forbidden ones; wins."),
        Key.word(
            "sandbox.syscalls.action",
            words(Sandbox.SyscallAction.class),
            "\"kill\"",
            "\"errno\"",
            "At a forbidden one: it dies by SIGSYS, the call fails with EPERM, or it is logged and"
                + " goes on."),
        Key.of(
            "sandbox.paths.read",
            PATHS,
            "[]",
            "[\"/usr\", \"/srv/www\"]",
            "With `paths` written, only what is below these (and below `write`) can be read."),
        Key.of(
            "sandbox.paths.write",
            PATHS,
            "[]",
            "[\"/var/lib/web\"]",
            "Below these it may also write."),
        Key.of("sandbox.network", TRUTH, "true", "false", "Whether it has a network."),
        Key.of("sandbox.umask", UMASK, "", "\"027\"", "Its file mode creation mask."));
  }

  private static List<Key> rest() {
    return List.of(
        Key.of("log.max_size", SIZE, "\"10MiB\"", "\"100MiB\"", "The log is rotated at this size.")
            .within(64 << 10, Long.MAX_VALUE),
        Key.of("log.keep", WHOLE, "5", "20", "Archives kept.").within(0, 1000),
        Key.of(
                "policy.breaker.failures",
                WHOLE,
                "5",
                "3",
                "Failed starts in a row until the circuit breaker opens. There is a breaker where"
                    + " any of its keys is written.")
            .within(1, INT),
        Key.of("policy.breaker.timeout", DURATION, "\"30s\"", "\"1m\"", "How long it stays open.")
            .within(MS, DAY),
        Key.of(
                "policy.breaker.successes",
                WHOLE,
                "3",
                "1",
                "Successes in a row, half open, until it closes.")
            .within(1, INT),
        Key.of(
                "policy.breaker.half_open",
                WHOLE,
                "1",
                "2",
                "How many it lets through at a time while half open.")
            .within(1, INT),
        Key.of("policy.rate_limit", NUMBER, "0.0", "100.0", "Requests per second; 0: no limit.")
            .within(0, 1e12),
        Key.of("policy.queue", WHOLE, "0", "64", "Requests that may wait; 0: no limit.")
            .within(0, INT));
  }

  private static List<Key> group() {
    return List.of(
        Key.of(
            "name",
            NAME,
            "",
            "\"shop\"",
            "What daemons call it in `depends.group`. Must be written."),
        Key.word(
            "strategy",
            words(GroupConfig.Strategy.class),
            "\"one-for-one\"",
            "\"rest-for-one\"",
            "What the death of a member does: only it is started again; all are; it and those that"
                + " come after it."),
        Key.of(
                "intensity",
                WHOLE,
                "1",
                "3",
                "More restarts than this within `period` and the whole group has failed.")
            .within(0, 10_000),
        Key.of("period", DURATION, "\"5s\"", "\"1m\"", "The window.").within(MS, DAY),
        Key.of(
            "escalate",
            TRUTH,
            "true",
            "false",
            "Whether the group's failure is passed on to the groups and daemons that require its"
                + " members."));
  }
}

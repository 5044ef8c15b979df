package com.paiml.duende.manager.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.ConfigException;
import com.paiml.duende.api.ConfigFault;
import com.paiml.duende.api.ConfigProperties;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonConfig.RestartBy;
import com.paiml.duende.api.ExitMatch;
import com.paiml.duende.api.GroupConfig;
import com.paiml.duende.api.HealthCheck;
import com.paiml.duende.api.PolicyConfig;
import com.paiml.duende.api.Readiness;
import com.paiml.duende.api.Resources;
import com.paiml.duende.api.RestartPolicy;
import com.paiml.duende.api.Sandbox;
import com.paiml.duende.api.Signal;
import com.paiml.duende.api.What;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DaemonFileReaderTest {
  private static final String MINIMAL = "name = \"web\"\nbinary_path = \"/bin/sh\"\n";

  private final Here here = new Here();

  @Test
  void a_file_of_two_keys_has_the_defaults_for_the_rest() throws Exception {
    assertEquals(
        DaemonConfig.builder("web")
            .what(new What.Program("/bin/sh"))
            .written(Set.of("name", "binary_path"))
            .build(),
        read(MINIMAL));
  }

  @Test
  void every_key_reaches_its_place() throws Exception {
    DaemonConfig c =
        read(
            """
            name = "web"
            version = "2"
            description = "static files"
            platform = "native"
            binary_path = "/bin/sh"
            args = ["-c", "true"]
            config_path = "/etc/web.conf"
            working_dir = "/tmp"
            user = "www-data"
            group = "www"
            env = ["LANG=C", "PORT=8080", "lower=Case"]
            instances = 3
            restart = "max-retries"
            restart_by = "platform"
            max_retries = 7
            shutdown_timeout = "1m 30s"
            stop_signal = "SIGINT"
            [backoff]
            initial = "250ms"
            max = "10s"
            multiplier = 3
            jitter = 0.5
            reset_after = "1m"
            [exit]
            success = [0, "3-5", "SIGTERM"]
            never_restart = ["64-78", "SIGABRT"]
            tally = { deaths = 4, within = "2m" }
            [readiness]
            type = "notify"
            timeout = "5s"
            interval = "1s"
            [health_check]
            type = "exec"
            command = ["/bin/true"]
            interval = "5s"
            timeout = "2s"
            retries = 9
            start_period = "3s"
            on_unhealthy = "report"
            [watchdog]
            interval = "10s"
            [depends]
            after = ["a"]
            requires = ["b", "c"]
            wants = ["d"]
            group = "shop"
            [resources]
            memory = "1GiB"
            memory_swap = "2G"
            cpu_quota = 150
            cpu_shares = 2
            io_read_bps = "1MiB"
            io_write_bps = 4096
            network_bps = "10MB"
            disk = "1T"
            pids = 20
            open_files = 64
            lock_memory = true
            lock_memory_required = true
            enforce = "best-effort"
            [sandbox]
            no_new_privs = true
            capabilities = ["CAP_NET_BIND_SERVICE"]
            syscalls = { default = "allow", deny = ["reboot"], action = "errno" }
            paths = { read = ["/usr"], write = ["/var/lib/web"] }
            network = false
            umask = "027"
            [log]
            max_size = "1MiB"
            keep = 2
            [policy]
            breaker = { failures = 2, timeout = "1s", successes = 4, half_open = 5 }
            rate_limit = 10.5
            queue = 6
            [native]
            process = true
            """);
    assertEquals(
        List.of("web", "2", "static files", "native"),
        List.of(c.name(), c.version(), c.description(), c.platform()));
    assertEquals(new What.Program("/bin/sh"), c.what());
    assertEquals(List.of("-c", "true"), c.args());
    assertEquals(
        List.of("/etc/web.conf", "/tmp", "www-data", "www"),
        List.of(c.configPath(), c.workingDir(), c.user(), c.group()));
    assertEquals(List.of("LANG=C", "PORT=8080", "lower=Case"), c.env());
    assertEquals(3, c.instances());
    assertEquals(RestartPolicy.MAX_RETRIES, c.restart());
    assertEquals(RestartBy.PLATFORM, c.restartBy());
    assertEquals(7, c.maxRetries());
    assertEquals(Duration.ofSeconds(90), c.shutdownTimeout());
    assertEquals(Signal.INT, c.stopSignal());
    assertEquals(
        new com.paiml.duende.api.Backoff(
            Duration.ofMillis(250), Duration.ofSeconds(10), 3, 0.5, Duration.ofMinutes(1)),
        c.backoff());
    assertEquals(
        List.of(ExitMatch.codes(0, 0), ExitMatch.codes(3, 5), ExitMatch.signal(15)),
        c.exit().success());
    assertEquals(List.of(ExitMatch.codes(64, 78), ExitMatch.signal(6)), c.exit().neverRestart());
    assertEquals(4, c.exit().deaths());
    assertEquals(Duration.ofMinutes(2), c.exit().within());
    assertEquals(Readiness.Type.NOTIFY, c.readiness().type());
    assertEquals(Duration.ofSeconds(5), c.readiness().timeout());
    assertEquals(
        new HealthCheck(
            true,
            HealthCheck.Type.EXEC,
            "",
            "",
            List.of("/bin/true"),
            Duration.ofSeconds(5),
            Duration.ofSeconds(2),
            9,
            Duration.ofSeconds(3),
            HealthCheck.OnUnhealthy.REPORT),
        c.healthCheck());
    assertEquals(Optional.of(Duration.ofSeconds(10)), c.watchdog());
    assertEquals(
        new com.paiml.duende.api.Depends(List.of("a"), List.of("b", "c"), List.of("d"), "shop"),
        c.depends());
    assertEquals(
        new Resources(
            1L << 30,
            2L << 30,
            150,
            2,
            1 << 20,
            4096,
            10_000_000,
            1L << 40,
            20,
            64,
            true,
            true,
            Resources.Enforce.BEST_EFFORT),
        c.resources());
    assertEquals(
        new Sandbox(
            true,
            Optional.of(List.of("CAP_NET_BIND_SERVICE")),
            Optional.of(
                new Sandbox.Syscalls(
                    true, List.of(), List.of("reboot"), Sandbox.SyscallAction.ERRNO)),
            Optional.of(new Sandbox.Paths(List.of("/usr"), List.of("/var/lib/web"))),
            false,
            Optional.of(0027)),
        c.sandbox());
    assertEquals(new com.paiml.duende.api.LogConfig(1 << 20, 2), c.log());
    assertEquals(
        new PolicyConfig(
            Optional.of(new PolicyConfig.Breaker(2, Duration.ofSeconds(1), 4, 5)), 10.5, 6),
        c.policy());
    assertEquals(Map.of("native", Map.of("process", true)), c.tables());
    assertTrue(c.isWritten("exit.tally.deaths") && c.isWritten("native.process"));
    assertFalse(c.isWritten("readiness.fd"));
  }

  @Test
  void what_runs_may_be_a_class_an_image_a_module_or_a_machine() throws Exception {
    here.tables.put("pepita", here.tables.get("native"));
    here.tables.put("wos", here.tables.get("native"));
    assertEquals(
        new What.JavaClass("com.example.Counter", "com.example"),
        read("name='a'\nclass='com.example.Counter'\nbundle='com.example'").what());
    assertEquals(
        new What.Image("local/busybox", "/bin/httpd"),
        read("name='a'\nplatform='container'\nimage='local/busybox'\nbinary_path='/bin/httpd'")
            .what());
    assertEquals(
        new What.Module("counter.wasm"),
        read("name='a'\nplatform='wos'\nmodule='counter.wasm'").what());
    assertEquals(
        new What.Vm("", "/sbin/app"),
        read("name='a'\nplatform='pepita'\nrootfs=''\nbinary_path='/sbin/app'").what());
  }

  @Test
  void what_a_file_names_by_a_relative_path_lies_beside_it() throws Exception {
    here.tables.put("wos", here.tables.get("native"));
    String origin = "/etc/duende/daemons/a.toml";
    DaemonConfig c =
        here.reader().read("name='a'\nplatform='wos'\nmodule='m.wasm'\nworking_dir='.'", origin);
    assertEquals(new What.Module("/etc/duende/daemons/m.wasm"), c.what());
    assertEquals("/etc/duende/daemons", c.workingDir());
  }

  @Test
  void zero_memory_means_the_default_and_swap_follows_memory_where_that_is_more() throws Exception {
    Resources r = read(MINIMAL + "[resources]\nmemory = 0\nmemory_swap = 0").resources();
    assertEquals(512L << 20, r.memory());
    assertEquals(1L << 30, r.memorySwap());
    assertEquals(4L << 30, read(MINIMAL + "[resources]\nmemory = '4GiB'").resources().memorySwap());
    assertFalse(read(MINIMAL + "[resources]\nmemory = 0").isWritten("resources.memory"));
  }

  @Test
  void any_key_of_the_health_check_enables_it_and_its_own_key_decides() throws Exception {
    assertFalse(read(MINIMAL).healthCheck().enabled());
    assertTrue(read(MINIMAL + "[health_check]\nretries = 5").healthCheck().enabled());
    assertFalse(
        read(MINIMAL + "[health_check]\nenabled = false\nretries = 5").healthCheck().enabled());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '^',
      value = {
        "memroy = 1 | 3:1: memroy: is unknown; did you mean \"resources.memory\"?",
        "binary-path = 'x' | 3:1: binary-path: is unknown; did you mean \"binary_path\"?",
        "memory = 1 | 3:1: memory: is unknown; did you mean \"resources.memory\"?",
        "timeout = '1s' | 3:1: timeout: is unknown; did you mean \"readiness.timeout\" or"
            + " \"health_check.timeout\" or \"policy.breaker.timeout\"?",
        "resorces.pids = 1 | 3:1: resorces: is unknown; did you mean \"resources\"?",
        "resources.pid = 1 | 3:11: resources.pid: is unknown; did you mean \"pids\"?",
        "zzz = 1 | 3:1: zzz: is unknown; remove it; all keys are in the reference,"
            + " docs/daemon-file.md",
        "native.proces = 1 | 3:8: native.proces: is unknown; did you mean \"process\"?",
        "native.process = 1 | 3:18: native.process: is a whole number, not true or false; write"
            + " true or false, for example false",
        "container.engine = 'dcoker' | 3:20: container.engine: \"dcoker\" is not one of its words;"
            + " did you mean \"docker\"?",
        "native = 1 | 3:10: native: is a whole number, not a table; write [native] and its keys"
            + " below it",
        "instances = 'two' | 3:13: instances: is text, not a whole number; write instances = 4",
        "instances = 0 | 3:13: instances: is out of range; write 1 to 1000",
        "instances = 1.5 | 3:13: instances: is a number, not a whole number; write instances = 4",
        "restart = 'sometimes' | 3:11: restart: \"sometimes\" is not one of its words; write one of"
            + " never, on-failure, always, unless-stopped, max-retries, with-backoff",
        "restart = 'on_failure' | 3:11: restart: \"on_failure\" is not one of its words; did you"
            + " mean \"on-failure\"?",
        "restart = true | 3:11: restart: is true or false, not text; write restart = \"always\"",
        "shutdown_timeout = 30 | 3:20: shutdown_timeout: has no unit; write shutdown_timeout ="
            + " \"30s\" or another unit",
        "shutdown_timeout = '30 sec' | 3:20: shutdown_timeout: \"30 sec\" is not a duration; write"
            + " whole numbers with units (ms, s, m, h, d), for example \"250ms\" or \"1m 30s\"",
        "readiness.timeout = '0s' | 3:21: readiness.timeout: is out of range; write 1ms to 1d",
        "resources.memory = '12 apples' | 3:20: resources.memory: \"12 apples\" is not a size;"
            + " write a whole number of bytes or one with KiB, MiB, GiB, TiB, for example"
            + " \"512MiB\"",
        "resources.memory = -1 | 3:20: resources.memory: is out of range; write 0 or more",
        "resources.cpu_quota = nan | 3:23: resources.cpu_quota: is NaN; write a number such as"
            + " 150.0",
        "stop_signal = 'STOP' | 3:15: stop_signal: \"STOP\" is not a signal that ends a daemon;"
            + " write HUP, INT, QUIT, TERM, USR1, USR2 or KILL",
        "exit.success = [0, 300] | 3:20: exit.success: \"300\" is no exit code, range or signal;"
            + " write codes 0 to 255, ranges such as \"64-78\", signals such as \"SIGABRT\"",
        "exit = 3 | 3:8: exit: is a whole number, not a table; write [exit] and its keys below it:"
            + " success, never_restart, tally",
        "[[log]] | 3:3: log: is a list of tables; write [log] in single brackets",
        "args = 'x' | 3:8: args: is text, not a list of texts; write args = [\"-m\","
            + " \"http.server\", \"8080\"]",
        "args = ['x', 5] | 3:14: args: holds a whole number, not text; write it in quotes",
        "env = ['PORT'] | 3:8: env: \"PORT\" is not NAME=VALUE; write for example \"PORT=8080\"",
        "env = ['=x'] | 3:8: env: \"=x\" is not NAME=VALUE; write for example \"PORT=8080\"",
        "args = [\"a\\u0000b\"] | 3:9: args: holds the character U+0000, which no program can be"
            + " given; remove it",
        "depends.after = ['../db'] | 3:18: depends.after: \"../db\" is a path, not a name; a name"
            + " is 1 to 64 letters, digits, - and _",
        "depends.after = ['a', 'a'] | 3:23: depends.after: names a twice; name it once",
        "depends.requires = ['web'] | 3:20: depends.requires: names the daemon itself; remove web",
        "sandbox.umask = '9' | 3:17: sandbox.umask: \"9\" is not an octal number up to 0777; write"
            + " umask = \"027\"",
        "sandbox.capabilities = ['NET_ADMIN'] | 3:25: sandbox.capabilities: \"NET_ADMIN\" is not a"
            + " capability; write names of capabilities(7) such as \"CAP_NET_BIND_SERVICE\"",
        "sandbox.paths.read = ['usr'] | 3:23: sandbox.paths.read: \"usr\" is not an absolute path;"
            + " begin it with / from the root",
        "sandbox.syscalls.allow = ['read'] | 3:26: sandbox.syscalls.allow: changes nothing while"
            + " everything is allowed; write default = \"deny\"",
        "sandbox.syscalls.default = 'deny' | 3:28: sandbox.syscalls.default: \"deny\" with nothing"
            + " allowed leaves a program that cannot even end; name the calls in allow",
        "readiness.type = 'http' | 3:1: readiness.url: is missing, and type \"http\" needs it;"
            + " write url = \"http://127.0.0.1:8080/\"",
        "readiness.pattern = 'x' | 3:21: readiness.pattern: is not used by type \"none\"; remove"
            + " it, or write type = \"log\"",
        "readiness = { type = 'log', pattern = '(' } | 3:39: readiness.pattern: is not a regular"
            + " expression: unclosed group at character 2; see java.util.regex.Pattern, and write"
            + " it in single quotes",
        "readiness = { type = 'http', url = 'ftp://x/' } | 3:36: readiness.url: \"ftp://x/\" is not"
            + " an HTTP URL; write http://HOST:PORT/PATH",
        "readiness = { type = 'tcp', address = 'db:70000' } | 3:39: readiness.address: \"db:70000\""
            + " is not HOST:PORT; write for example \"127.0.0.1:5432\" or \"[::1]:5432\"",
        "readiness.type = 'host' | 3:18: readiness.type: \"host\" is for Daemon classes, and this"
            + " is none; write another type, or class",
        "health_check.type = 'exec' | 3:1: health_check.command: is missing, and type \"exec\""
            + " needs it; write command = [\"/usr/bin/curl\", \"-f\", \"http://127.0.0.1:8080/\"]",
        "watchdog.interval = '10s' | 3:21: watchdog.interval: needs readiness of type \"notify\" or"
            + " \"host\", through which heartbeats come; write [readiness] type = \"notify\"",
        "resources.memory_swap = '1MiB' | 3:25: resources.memory_swap: is below memory, which it"
            + " includes; write at least 536870912, or leave it out",
        "resources.lock_memory_required = true | 3:34: resources.lock_memory_required: has nothing"
            + " to require; write lock_memory = true too",
        "backoff = { initial = '10s', max = '1s' } | 3:36: backoff.max: makes the longest delay"
            + " shorter than the first; write a max of at least initial",
        "image = 'x' \\nmodule = 'y' | 4:10: module: says what runs, and so does image; keep one of"
            + " binary_path, class, image, module, rootfs",
        "bundle = 'x' | 3:10: bundle: is the bundle of a class, and there is none; write class too",
        "working_dir = 'www' | 3:15: working_dir: is not an absolute path; begin it with / from the"
            + " root",
        "working_dir = '/bin/sh' | 3:15: working_dir: /bin/sh is not a folder; write the path of a"
            + " folder",
        "platform = 'sytsemd' | 3:12: platform: no adapter of the name \"sytsemd\" is installed;"
            + " did you mean \"systemd\"? (installed: container, native, plug-in, systemd)",
        "platform = 'launchd' | 3:12: platform: no adapter of the name \"launchd\" is installed;"
            + " install the bundle com.paiml.duende.adapter.launchd (installed: container, native,"
            + " plug-in, systemd)",
        "foo.bar = 1 | 3:1: foo: is unknown; remove it; all keys are in the reference,"
            + " docs/daemon-file.md",
      })
  void a_fault_says_where_what_and_what_to_do(String line, String fault) {
    ConfigException e = refused(MINIMAL + line.replace("\\n", "\n") + "\n");
    assertEquals(
        List.of("web.toml:" + fault), e.faults().stream().map(ConfigFault::toString).toList());
  }

  @Test
  void a_policy_that_nobody_would_keep_is_refused_by_name() throws Exception {
    here.policy = false;
    assertEquals(
        "web.toml:3:2: policy: needs a policy engine, and none is installed; install the bundle"
            + " com.paiml.duende.policy, or remove the table",
        refused(MINIMAL + "[policy]\nqueue = 5\n").getMessage());
    here.policy = true;
    assertEquals(5, read(MINIMAL + "[policy]\nqueue = 5\n").policy().queue());
  }

  @Test
  void all_faults_of_a_file_are_told_at_once_in_the_order_of_the_file() {
    ConfigException e =
        refused(
            """
            name = "../etc/passwd"
            binary_path = "/no/such/program"
            restart = "allways"
            restart = "never"
            instances = many
            [resources]
            memory = "lots"
            memroy = 5
            [health_check]
            type = "http"
            interval = 5
            [nativ]
            process = true
            """);
    assertEquals(
        List.of(
            "1 name",
            "2 binary_path",
            "3 restart",
            "4 ",
            "5 ",
            "7 resources.memory",
            "8 resources.memroy",
            "9 health_check.url",
            "11 health_check.interval",
            "12 nativ"),
        e.faults().stream().map(f -> f.line() + " " + f.key()).toList());
  }

  @Test
  void an_empty_file_lacks_a_name_and_something_to_run() {
    assertEquals(
        Set.of("name", "binary_path"),
        Set.copyOf(refused("").faults().stream().map(ConfigFault::key).toList()));
  }

  @Test
  void a_text_that_cannot_be_read_is_not_said_to_lack_what_may_be_in_it() {
    assertEquals(1, refused("name = web\nbinary_path = \"/bin/sh\"").faults().size());
  }

  @Test
  void a_table_of_a_platform_that_is_not_installed_is_kept_as_it_is() throws Exception {
    DaemonConfig c = read(MINIMAL + "[launchd]\ndomain = \"gui\"\nlist = [1, {a = 1.5}]\n");
    assertEquals(
        Map.of("domain", "gui", "list", List.of(1L, Map.of("a", 1.5))), c.table("launchd"));
  }

  @Test
  void values_of_a_platforms_table_have_the_types_that_its_adapter_published() throws Exception {
    DaemonConfig c =
        read(
            MINIMAL
                + """
                [plug-in]
                text = "x"
                count = 5
                ratio = 2
                on = true
                wait = "1m 30s"
                room = "1GiB"
                list = ["a"]
                more = { x = [1], "y.z" = { } }
                """);
    assertEquals(
        Map.of(
            "text",
            "x",
            "count",
            5L,
            "ratio",
            2d,
            "on",
            true,
            "wait",
            Duration.ofSeconds(90),
            "room",
            1L << 30,
            "list",
            List.of("a"),
            "more",
            Map.of("x", List.of(1L), "y.z", Map.of())),
        c.table("plug-in"));
    assertEquals(c, here.reader().read(ConfigProperties.toMap(c), "a map"));
    assertEquals(List.of(), here.reader().check(c, "a call"));
  }

  @Test
  void a_map_that_somebody_wrote_is_read_like_a_file_and_its_faults_have_no_line()
      throws Exception {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("service.pid", "com.paiml.duende.daemon~web");
    map.put("name", "web");
    map.put("binary_path", "/bin/sh");
    map.put("args", List.of("-c", "true"));
    map.put("resources.memory", "1GiB");
    map.put("instances", 2);
    map.put("native.process", true);
    DaemonConfig c = here.reader().read(map, "configuration web");
    assertEquals(List.of("-c", "true"), c.args());
    assertEquals(1L << 30, c.resources().memory());
    assertEquals(2, c.instances());
    assertTrue(c.isWritten("resources.memory"));
    map.put("instances", "x");
    assertEquals(
        "configuration web: instances: is text, not a whole number; write instances = 4",
        assertThrows(ConfigException.class, () -> here.reader().read(map, "configuration web"))
            .getMessage());
  }

  @Test
  void a_configuration_made_by_a_program_is_checked_like_a_file() {
    DaemonConfig bad =
        DaemonConfig.builder("a/b")
            .what(new What.Program("/no/such"))
            .instances(0)
            .env(List.of("X"))
            .watchdog(Optional.of(Duration.ofSeconds(1)))
            .build();
    assertEquals(
        Set.of("name", "binary_path", "instances", "env", "watchdog.interval"),
        new TreeSet<>(here.reader().check(bad, "a call").stream().map(ConfigFault::key).toList()));
    DaemonConfig service = DaemonConfig.builder("a").what(new What.Service("x.Y")).build();
    assertEquals(List.of(), here.reader().check(service, "a bundle"));
    DaemonConfig swap =
        DaemonConfig.builder("a")
            .what(new What.Program("/bin/sh"))
            .resources(
                new Resources(
                    2L << 30,
                    1L << 30,
                    100,
                    1024,
                    0,
                    0,
                    0,
                    0,
                    100,
                    1024,
                    false,
                    false,
                    Resources.Enforce.STRICT))
            .build();
    assertEquals(1, here.reader().check(swap, "a call").size());
  }

  @Test
  void a_program_must_be_there_where_this_machine_runs_it(@TempDir Path folder) throws Exception {
    Path plain = Files.createFile(folder.resolve("plain"));
    Path loop = Files.createSymbolicLink(folder.resolve("loop"), folder.resolve("loop"));
    assertEquals(
        List.of(
            "there is no /no/such",
            folder + " is a folder",
            plain + " is not executable",
            loop + " is a loop of symbolic links",
            "no program \"no-such-program\" is on the PATH",
            "there is no " + folder.resolve("relative")),
        List.of(
            program("/no/such", ""),
            program(folder.toString(), ""),
            program(plain.toString(), ""),
            program(loop.toString(), ""),
            program("no-such-program", ""),
            program("./relative", "working_dir = '" + folder + "'").replace("./", "")));
    assertEquals("", program("sh", ""));
    assertEquals("", program("./relative", ""));
    assertEquals("", program("/no/such", "platform = 'container'\nimage = 'x'"));
  }

  @Test
  void a_path_or_variable_that_no_kernel_takes_is_refused() {
    String path = "/x".repeat(2100);
    assertTrue(refused(MINIMAL + "config_path = '" + path + "'").getMessage().contains("4095"));
    assertTrue(
        refused(MINIMAL + "config_path = '/" + "x".repeat(300) + "'").getMessage().contains("255"));
    String huge = "x".repeat(200_000);
    ConfigException e = refused(MINIMAL + "env = ['BIG=" + huge + "']");
    assertEquals(
        "web.toml:3:8: env: BIG is 200004 bytes long, and no program can be given more than 131071"
            + " in one piece; put it into a file",
        e.getMessage());
  }

  @Test
  void a_text_of_more_than_a_mebibyte_is_not_looked_at() {
    ConfigException e = refused("#".repeat((1 << 20) + 1));
    assertEquals(1, e.faults().size());
    assertTrue(e.getMessage().contains("1 MiB"));
  }

  @Test
  void a_group_file_has_the_defaults_of_the_reference_and_the_same_manners() throws Exception {
    assertEquals(
        new GroupConfig("shop", GroupConfig.Strategy.ONE_FOR_ONE, 1, Duration.ofSeconds(5), true),
        here.reader().readGroup("name = 'shop'", "shop.toml"));
    assertEquals(
        new GroupConfig("shop", GroupConfig.Strategy.REST_FOR_ONE, 3, Duration.ofMinutes(1), false),
        here.reader()
            .readGroup(
                "name = 'shop'\nstrategy = 'rest-for-one'\nintensity = 3\nperiod = '1m'\n"
                    + "escalate = false",
                "shop.toml"));
    ConfigException e =
        assertThrows(
            ConfigException.class,
            () ->
                here.reader()
                    .readGroup("strategy = 'all'\nintensty = 3\nintensity = -1", "g.toml"));
    assertEquals(
        List.of("0 name", "1 strategy", "2 intensty", "3 intensity"),
        e.faults().stream().map(f -> f.line() + " " + f.key()).toList());
    assertEquals(
        List.of("name", "intensity"),
        here
            .reader()
            .check(
                new GroupConfig(
                    "a/b", GroupConfig.Strategy.ONE_FOR_ALL, -1, Duration.ofSeconds(1), true),
                "a call")
            .stream()
            .map(ConfigFault::key)
            .sorted(java.util.Comparator.reverseOrder())
            .toList());
  }

  private DaemonConfig read(String text) throws ConfigException {
    return here.reader().read(text, "web.toml");
  }

  private ConfigException refused(String text) {
    return assertThrows(ConfigException.class, () -> read(text), text);
  }

  /** The problem with a program; empty where there is none. */
  private String program(String path, String more) {
    try {
      read("name = 'x'\nbinary_path = '" + path + "'\n" + more);
      return "";
    } catch (ConfigException e) {
      return e.faults().getFirst().problem();
    }
  }
}

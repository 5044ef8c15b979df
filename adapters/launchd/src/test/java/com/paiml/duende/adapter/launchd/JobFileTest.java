package com.paiml.duende.adapter.launchd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.dd.plist.NSArray;
import com.dd.plist.NSDictionary;
import com.dd.plist.PropertyListParser;
import com.paiml.duende.api.Backoff;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.RestartPolicy;
import com.paiml.duende.api.TraceContext;
import com.paiml.duende.api.What;
import com.paiml.duende.lab.Command;
import com.paiml.duende.lab.Missing;
import com.paiml.duende.spi.Instance;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.Payload;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every list is read by two parsers that know nothing of each other: dd-plist and Python's plistlib. */
class JobFileTest {
  private static final List<String> NASTY =
      List.of(
          "",
          "plain",
          "<&>\"'",
          "]]>",
          "new\nline",
          "a\ttab",
          "return\r\nhere",
          "bell\u0007escape\u001b[0m",
          "\u00e9\u4e2d\ud83d\ude80",
          "${HOME} $(id) `id` ; rm -rf /",
          " leading and trailing ",
          "x".repeat(100_000));

  @TempDir Path folder;

  private LaunchSpec spec(DaemonConfig.Builder config, List<String> args, List<String> env) {
    return new LaunchSpec(
        new Instance("0123abcd", false),
        DaemonId.random(),
        "web",
        2,
        new Payload.Program("/bin/sh"),
        args,
        env,
        config.build(),
        Map.of(),
        folder,
        folder,
        folder.resolve("web.log"),
        TraceContext.newRoot());
  }

  private static DaemonConfig.Builder config() {
    return DaemonConfig.builder("web").what(new What.Program("/bin/sh")).platform("launchd");
  }

  private Path write(LaunchSpec spec, LaunchdTable table) throws Exception {
    Path file = folder.resolve("job.plist");
    JobFile.write(
        JobFile.of(spec, LaunchdAdapter.label(spec.instance(), "web"), Path.of("/bin/sh"), table),
        file,
        "web");
    return file;
  }

  private static NSDictionary parsed(Path file) throws Exception {
    return (NSDictionary) PropertyListParser.parse(file.toFile());
  }

  /** What plistlib makes of an expression on the list {@code p}, one item a line, in hexadecimal digits of UTF-8. */
  private static List<String> python(Path file, String items) throws Exception {
    Path python;
    try {
      python = Command.need("python3", "python3");
    } catch (Missing e) {
      Assumptions.abort(e.getMessage());
      return List.of();
    }
    Process process =
        new ProcessBuilder(
                python.toString(),
                "-c",
                "import plistlib,sys\np=plistlib.load(open(sys.argv[1],'rb'))\nfor i in "
                    + items
                    + ": print('-'+str(i).encode().hex())",
                file.toString())
            .redirectErrorStream(true)
            .start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor(), said);
    return said.lines()
        .map(
            l ->
                new String(
                    java.util.HexFormat.of().parseHex(l.substring(1)), StandardCharsets.UTF_8))
        .toList();
  }

  @Test
  void whatever_stands_in_arguments_and_environment_both_parsers_read_it_as_it_was()
      throws Exception {
    for (String text : NASTY) {
      Path file =
          write(
              spec(config(), List.of("-c", text), List.of("A=" + text, "PATH=/bin")),
              new LaunchdTable("gui"));
      NSDictionary job = parsed(file);
      NSArray words = (NSArray) job.get("ProgramArguments");
      assertEquals(text, words.objectAtIndex(2).toJavaObject(), "dd-plist, argument");
      assertEquals(
          text,
          ((NSDictionary) job.get("EnvironmentVariables")).get("A").toJavaObject(),
          "dd-plist, variable");
      assertEquals(
          List.of("/bin/sh", "-c", text), python(file, "p['ProgramArguments']"), "plistlib");
      assertEquals(
          List.of(text), python(file, "[p['EnvironmentVariables']['A']]"), "plistlib, variable");
    }
  }

  @Test
  void every_key_has_the_type_that_launchd_asks_for() throws Exception {
    Path file =
        write(
            spec(
                config()
                    .shutdownTimeout(Duration.ofMillis(1500))
                    .user("www")
                    .group("web")
                    .restartBy(DaemonConfig.RestartBy.PLATFORM)
                    .restart(RestartPolicy.ON_FAILURE)
                    .backoff(
                        new Backoff(
                            Duration.ofSeconds(7),
                            Duration.ofSeconds(60),
                            2,
                            0,
                            Duration.ofMinutes(1))),
                List.of(),
                List.of("PATH=/bin")),
            new LaunchdTable("system"));
    assertEquals(
        List.of(
            "com.paiml.duende.0123abcd.web",
            "{'SuccessfulExit': False}",
            "7",
            "2",
            "True",
            "{'NumberOfFiles': 1024}",
            "{'NumberOfFiles': 1024}",
            "www",
            "web",
            "0123abcd/web/2"),
        python(
            file,
            "[p['Label'],p['KeepAlive'],p['ThrottleInterval'],p['ExitTimeOut'],p['RunAtLoad'],"
                + "p['SoftResourceLimits'],p['HardResourceLimits'],p['UserName'],p['GroupName'],"
                + "p['EnvironmentVariables']['DUENDE_LAUNCHD_RUN']]"));
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
    assertEquals("0123abcd/web/2", JobFile.mark(file).orElseThrow());
  }

  @Test
  void where_the_manager_restarts_launchd_does_not() throws Exception {
    LaunchSpec spec = spec(config().restart(RestartPolicy.ALWAYS), List.of(), List.of("PATH=/bin"));
    assertEquals(
        List.of("False"), python(write(spec, new LaunchdTable("gui")), "[p['KeepAlive']]"));
    assertFalse(parsed(folder.resolve("job.plist")).containsKey("UserName"));
  }

  @Test
  void what_is_no_property_list_or_none_of_ours_has_no_mark() throws Exception {
    Path file = folder.resolve("other.plist");
    assertTrue(JobFile.mark(file).isEmpty());
    for (String text : List.of("", "<plist><dict><key>", "bplist00", "{ a = 1; }", "\0\0")) {
      Files.writeString(file, text);
      assertTrue(JobFile.mark(file).isEmpty(), text);
    }
  }
}

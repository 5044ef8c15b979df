package com.paiml.duende.itest.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.itest.container.Distribution;
import com.paiml.duende.lab.Command;
import com.paiml.duende.lab.Missing;
import com.paiml.duende.lab.systemd.Systemd;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

/** The session of docs/systemd.md: a user without rights, a container and units of that user's own, {@code systemctl --user}. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class UserSessionIT {
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final String USER = "duende-lab-user";

  private Systemd systemd;
  private String uid;
  private String duende;

  @BeforeEach
  void log_in() throws Exception {
    try {
      Path _ = Command.need("useradd", "passwd");
      Path _ = Command.need("setpriv", "util-linux");
      systemd = Systemd.boot();
    } catch (Missing missing) {
      abort(missing.getMessage());
    }
    // Inside only: its /etc and /home are in memory.
    assertEquals(0, inside("useradd", "--create-home", "--user-group", USER).status());
    uid = inside("id", "-u", USER).output().strip();
    String _ = systemd.startUserManager(Long.parseLong(uid));
    // What is below /tmp is not to be seen inside, and what is root's not by others.
    Path home = systemd.shared().resolve("duende");
    Command.Result copied =
        Command.run(PATIENCE, List.of("cp", "-r", Distribution.home().toString(), home.toString()));
    assertEquals(0, copied.status(), copied::output);
    Command.Result opened =
        Command.run(PATIENCE, List.of("chmod", "-R", "a+rX", systemd.shared().toString()));
    assertEquals(0, opened.status(), opened::output);
    duende = home.resolve("bin/duende").toString();
    String java = Path.of(System.getProperty("java.home"), "bin/java").toString();
    assumeTrue(asUser("test", "-x", java).ok(), java + " is not for other users than root");
  }

  @AfterEach
  void log_out() throws Exception {
    if (systemd != null) {
      systemd.close();
    }
  }

  private Command.Result inside(String... words) throws Exception {
    return Command.run(PATIENCE, systemd.command(words));
  }

  private Command.Result asUser(String... words) throws Exception {
    List<String> all =
        new ArrayList<>(
            List.of(
                "setpriv",
                "--reuid=" + USER,
                "--regid=" + USER,
                "--init-groups",
                "env",
                "HOME=/home/" + USER,
                "USER=" + USER,
                "XDG_RUNTIME_DIR=/run/user/" + uid,
                "JAVA_HOME=" + System.getProperty("java.home"),
                "DUENDE_AOT=off"));
    all.addAll(List.of(words));
    return inside(all.toArray(String[]::new));
  }

  private String said(String... words) throws Exception {
    Command.Result result = asUser(words);
    assertEquals(0, result.status(), () -> String.join(" ", words) + ": " + result.output());
    return result.output();
  }

  @Test
  void a_user_deploys_a_daemon_and_systemctl_shows_it_among_that_users_units() throws Exception {
    Path file = systemd.shared().resolve("web.toml");
    Files.writeString(
        file,
        """
        name        = "web"
        platform    = "systemd"
        binary_path = "/bin/sleep"
        args        = ["3600"]
        """);
    // As from cron(8), which tells of no session.
    String _ = said("env", "-u", "XDG_RUNTIME_DIR", duende, "up");
    String deployed = said(duende, "deploy", file.toString());
    Matcher running = Pattern.compile("(?m)^web: running, ready, pid (\\d+)$").matcher(deployed);
    assertTrue(running.find(), deployed);
    String pid = running.group(1);

    String status = said("systemctl", "--user", "--no-pager", "status", "duende-*");
    assertTrue(
        status.matches("(?s)\\S duende-web\\.service - web \\[duende [0-9a-f]{8}]\n.*"), status);
    for (String line :
        List.of(
            "Loaded: loaded (/run/user/"
                + uid
                + "/systemd/transient/duende-web.service; transient)",
            "Active: active (running)",
            "Main PID: " + pid + " (sleep)",
            "/user@" + uid + ".service/app.slice/duende-web.service",
            pid + " /bin/sleep 3600")) {
      assertTrue(status.contains(line), () -> line + " in " + status);
    }
    assertEquals(USER, said("ps", "-o", "user:32=", "-p", pid).strip());
    String shown = said(duende, "status", "web");
    assertTrue(shown.matches("(?s).*unit +duende-web\\.service\n.*scope +user\n.*"), shown);
    // The JVM warns of a control group that is not where it was mounted, as here: not in an answer.
    String json = said(duende, "status", "--json", "web");
    assertTrue(json.startsWith("[\n"), json);
    assertFalse(deployed.contains("[warning]"), deployed);
    // The system's own manager has none of it.
    assertFalse(
        inside("systemctl", "--no-pager", "list-units", "--all").output().contains("duende-web"));

    String _ = said(duende, "rm", "web");
    assertEquals(
        "",
        said(
            "systemctl", "--user", "--no-pager", "--no-legend", "list-units", "--all", "duende-*"));
    String _ = said(duende, "down");
  }
}

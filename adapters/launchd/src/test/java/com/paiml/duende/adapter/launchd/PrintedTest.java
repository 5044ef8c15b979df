package com.paiml.duende.adapter.launchd;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.paiml.duende.api.ExitReason;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class PrintedTest {
  @Test
  void what_runs_has_a_pid_and_arguments_are_not_taken_for_figures() {
    Printed p =
        Printed.parse(
            """
            gui/501/com.paiml.duende.web = {
            \tactive count = 1
            \tpath = /Users/ada/duende/data/run/web/launchd-3.plist
            \ttype = LaunchAgent
            \tstate = running

            \tprogram = /usr/bin/python3
            \targuments = {
            \t\t/usr/bin/python3
            \t\tpid = 1
            \t\tlast exit code = 9
            \t}
            \tenvironment = {
            \t\tpath = /elsewhere
            \t}
            \truns = 3
            \tpid = 4321
            \tlast exit code = (never exited)
            }
            """);
    assertEquals("/Users/ada/duende/data/run/web/launchd-3.plist", p.path());
    assertEquals("running", p.state());
    assertEquals(OptionalLong.of(4321), p.pid());
    assertEquals(Optional.empty(), p.exit());
    assertEquals(3, p.runs());
  }

  /** As macOS prints it: what was not set is not there, and a limit may be infinite. */
  @Test
  void limits_are_those_of_their_block_alone() {
    Printed p =
        Printed.parse(
            """
            system/x = {
            \tenvironment = {
            \t\tmaxfiles (soft) => 7
            \t}
            \tcpumon = default
            \tresource limits = {
            \t\tcore (soft) => (infinity)
            \t\tmaxfiles (soft) => 1024
            \t\tmaxfiles (hard) => 2048
            \t}

            \tresource coalition = {
            \t\tmaxproc (hard) => 9
            \t}
            }
            """);
    assertEquals(
        Map.of("core (soft)", "(infinity)", "maxfiles (soft)", "1024", "maxfiles (hard)", "2048"),
        p.limits());
  }

  @Test
  void codes_and_signals_are_told_apart() {
    assertEquals(Optional.of(new ExitReason.Graceful()), exit("last exit code = 0"));
    assertEquals(Optional.of(new ExitReason.Failure(7, "")), exit("last exit code = 7"));
    assertEquals(
        Optional.of(new ExitReason.Failure(78, "")), exit("last exit code = 78: EX_CONFIG"));
    assertEquals(
        Optional.of(new ExitReason.Signalled(9, false)),
        exit("last terminating signal = Killed: 9"));
    assertEquals(Optional.empty(), exit("last exit code = (never exited)"));
  }

  private static Optional<ExitReason> exit(String line) {
    return Printed.parse("system/x = {\n\t" + line + "\n}\n").exit();
  }

  @Test
  void labels_are_the_last_of_three_columns() {
    assertEquals(
        List.of("com.paiml.duende.web", "com.apple.x"),
        Printed.labels("PID\tStatus\tLabel\n-\t-9\tcom.paiml.duende.web\n412\t0\tcom.apple.x\n"));
  }
}

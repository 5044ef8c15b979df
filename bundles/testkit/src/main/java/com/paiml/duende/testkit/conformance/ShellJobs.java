package com.paiml.duende.testkit.conformance;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;

/**
 * The behaviours as programs for a POSIX shell: for every platform that starts programs. What needs a datagram socket is
 * written in Perl, which Debian always has and small images have not.
 */
public final class ShellJobs {
  // Descriptor 3 is the log, whatever standard output is for the moment. Scripts come as arguments:
  // no nested quotes.
  private static final String GRANDCHILD =
      "trap '' TERM HUP INT; echo up >&3; exec >&3; while :; do sleep 1; done";
  private static final String CHILD =
      "trap '' TERM HUP INT; setsid sh -c \"$1\" & exec >&3; while :; do sleep 1; done";

  // A trap runs when `wait` is interrupted; a command in the foreground it would have to wait for.
  // The child that is waited for stays the same, so that the number of processes does.
  private static final String SLEEPER = "sleep 3600 & c=$!; ";
  private static final String FOREVER =
      "[ \"$c\" ] || { sleep 3600 & c=$!; }; "
          + "while :; do wait $c; kill -0 $c 2>/dev/null || { sleep 3600 & c=$!; }; done";
  private static final String UP = SLEEPER + "echo up; ";
  private static final String OBEYS = "trap 'kill $c 2>/dev/null; exit 0' TERM; ";

  private final Function<List<String>, Job> program;
  private final Optional<String> perl;
  private final Path scratch;

  /**
   * @param program makes a job of a path and its arguments
   * @param perl path of a Perl where the daemon runs, where there is one
   * @param scratch a directory for what cannot be started
   */
  public ShellJobs(Function<List<String>, Job> program, Optional<String> perl, Path scratch) {
    this.program = program;
    this.perl = perl;
    this.scratch = scratch;
  }

  public Optional<Job> job(Behaviour behaviour) throws IOException {
    return switch (behaviour) {
      case Behaviour.Sleeps b -> shell(OBEYS + UP + FOREVER);
      case Behaviour.Exits b -> shell("exit " + b.code());
      case Behaviour.ExitsAfter b -> shell("sleep " + seconds(b.time()) + "; exit " + b.code());
      case Behaviour.DiesBySignal b -> shell("kill -" + b.signal() + " $$; " + FOREVER);
      case Behaviour.IgnoresTerm b -> shell("trap '' TERM HUP INT QUIT USR1 USR2; " + UP + FOREVER);
      case Behaviour.TakesToStop b ->
          shell(
              "trap 'kill $c; sleep "
                  + seconds(b.time())
                  + "; echo bye; exit 0' TERM; "
                  + UP
                  + FOREVER);
      case Behaviour.ForksTree b ->
          shell(
              "exec 3>&1; " + OBEYS + "sh -c \"$1\" sh \"$2\" & " + FOREVER,
              List.of(CHILD, GRANDCHILD));
      case Behaviour.LeavesOrphans b ->
          // The substitution ends when neither of the two has its pipe open any more: then both are
          // there.
          shell("exec 3>&1; x=$(sh -c \"$1\" sh \"$2\" &); exit 0", List.of(CHILD, GRANDCHILD));
      case Behaviour.Prints b ->
          shell(
              "i=1; while [ $i -le "
                  + b.lines()
                  + " ]; do echo \"line $i of "
                  + b.lines()
                  + " "
                  + "x".repeat(b.padding())
                  + "\"; i=$((i+1)); done");
      case Behaviour.PrintsBoth b -> shell("echo to out; echo to err >&2");
      case Behaviour.PrintsArguments b ->
          shell("for a in \"$@\"; do printf '<%s>\\n' \"$a\"; done; echo end", b.arguments());
      case Behaviour.PrintsEnvironment b -> shell("env; echo end");
      case Behaviour.PrintsDirectory b -> shell("pwd -P; echo end");
      case Behaviour.PrintsOpenFiles b -> shell("ulimit -n; echo end");
      case Behaviour.Ticks b ->
          shell(
              "(i=1; while :; do echo tick $i; i=$((i+1)); sleep 0.02; done) & "
                  + OBEYS
                  + UP
                  + FOREVER);
      case Behaviour.EchoesSignals b ->
          shell(
              "for s in HUP USR1 USR2; do trap \"echo got $s\" $s; done; " + OBEYS + UP + FOREVER);
      case Behaviour.Allocates b ->
          shell("x=$(head -c " + b.bytes() + " /dev/zero | tr '\\0' x); " + OBEYS + UP + FOREVER);
      case Behaviour.BurnsCpu b -> shell("echo up; while :; do :; done");
      case Behaviour.Notifies b -> notifier();
      case Behaviour.WritesReadyLine b ->
          shell(OBEYS + UP + "echo ready >&" + b.fd() + "; " + FOREVER);
      case Behaviour.Missing b -> Optional.of(job("/nonexistent/duende-no-such-program"));
      case Behaviour.TooLongPath b -> Optional.of(job("/" + "a/".repeat(3000) + "program"));
      case Behaviour.SymlinkLoop b -> Optional.of(job(symlinkLoop().toString()));
    };
  }

  private Optional<Job> notifier() {
    String script =
        """
        use Socket;
        $| = 1;
        my $address = $ENV{NOTIFY_SOCKET} or die "no NOTIFY_SOCKET\\n";
        $address =~ s/^@/\\0/;
        my $to = pack_sockaddr_un($address);
        socket(my $s, PF_UNIX, SOCK_DGRAM, 0) or die "socket: $!\\n";
        $SIG{TERM} = sub { exit 0 };
        print "up\\n";
        send($s, "READY=1\\nSTATUS=in service\\n", 0, $to) or die "cannot notify: $!\\n";
        while (1) { select(undef, undef, undef, 0.1); send($s, "WATCHDOG=1\\n", 0, $to); }
        """;
    return perl.map(p -> job(p, "-e", script));
  }

  private Path symlinkLoop() throws IOException {
    Path one = scratch.resolve("loop-one");
    Path two = scratch.resolve("loop-two");
    Files.deleteIfExists(one);
    Files.deleteIfExists(two);
    Files.createSymbolicLink(one, two);
    Files.createSymbolicLink(two, one);
    return one.resolve("program");
  }

  private Optional<Job> shell(String script) {
    return shell(script, List.of());
  }

  private Optional<Job> shell(String script, List<String> arguments) {
    List<String> command = new ArrayList<>(List.of("/bin/sh", "-c", script, "sh"));
    command.addAll(arguments);
    return Optional.of(program.apply(command));
  }

  private Job job(String... command) {
    return program.apply(List.of(command));
  }

  private static String seconds(java.time.Duration time) {
    return String.format(Locale.ROOT, "%.3f", time.toMillis() / 1000.0);
  }
}

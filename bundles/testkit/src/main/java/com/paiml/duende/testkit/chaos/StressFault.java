package com.paiml.duende.testkit.chaos;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.control.DaemonDetails;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.ExecResult;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Uses processor time or memory <em>inside a daemon's own limits</em>: the stress is a command beside the daemon, which its
 * adapter runs where the daemon runs, so that the kernel (container, VM) charges it to the daemon and to nobody else. It ends
 * when its time is over, when it is told to, and when nobody reads its heartbeat any more, which is when this JVM has died.
 */
final class StressFault implements Fault {
  private static final long MIB = 1L << 20;
  private static final Duration SETTLE = Duration.ofSeconds(10);

  private static final String HEARTBEAT =
      """
      beats=$(($2 * 5)); n=0
      while [ "$n" -lt "$beats" ] && printf . ; do n=$((n + 1)); sleep 0.2; done
      """;

  private static final String CPU =
      """
      trap '' PIPE
      pids=; i=0
      while [ "$i" -lt "$1" ]; do (while :; do :; done) & pids="$pids $!"; i=$((i + 1)); done
      """
          + HEARTBEAT
          + "kill $pids\n";

  /** Memory that is written to, a mebibyte at a time, so that it stands in the shell's own pages and is charged. */
  private static final String MEMORY =
      """
      trap '' PIPE
      block=$(head -c 1048576 /dev/zero | tr '\\0' x) || exit 1
      i=0
      while [ "$i" -lt "$1" ]; do eval "b$i=\\$block"; i=$((i + 1)); done
      """
          + HEARTBEAT;

  private final boolean memory;

  StressFault(boolean memory) {
    this.memory = memory;
  }

  @Override
  public String name() {
    return memory ? "memory" : "cpu";
  }

  @Override
  public String needs() {
    return (memory
            ? "size=64MiB: that much memory is used up"
            : "workers=1: that many loops compute")
        + " inside the target's own limits; needs a platform that runs commands beside a daemon,"
        + " and sh there";
  }

  @Override
  public Injection inject(ChaosScene scene) throws DaemonException, InterruptedException {
    scene.parameters().only(memory ? "size" : "workers");
    long amount =
        memory
            ? Math.ceilDiv(scene.parameters().size("size", 64 * MIB), MIB)
            : scene.parameters().number("workers", 1, 1, 64);
    long seconds = Math.max(1, scene.plan().duration().toSeconds());
    List<String> command =
        List.of(
            "/bin/sh",
            "-c",
            memory ? MEMORY : CPU,
            "duende-chaos",
            Long.toString(amount),
            Long.toString(seconds));
    List<Injection> all = new ArrayList<>();
    try {
      for (String target : scene.targets()) {
        all.add(begin(scene, target, command));
      }
    } catch (DaemonException | InterruptedException e) {
      Injections.of(all).close();
      throw e;
    }
    return Injections.of(all);
  }

  private Injection begin(ChaosScene scene, String target, List<String> command)
      throws DaemonException, InterruptedException {
    DaemonDetails details = scene.manager().describe(target);
    DaemonHandle handle =
        details
            .handle()
            .orElseThrow(
                () ->
                    new DaemonException(
                        ErrorCode.INVALID_STATE, target, "does not run now", "start it first"));
    Deadline deadline = Deadline.after(scene.plan().duration().plus(SETTLE));
    Thread thread =
        Thread.ofPlatform()
            .name("duende-chaos-" + name() + "-" + target)
            .daemon(true)
            .unstarted(() -> stress(scene, details, handle, command, deadline));
    thread.start();
    scene.note(target + ": " + name() + " stress begins inside its limits");
    return () -> end(thread, target);
  }

  private void stress(
      ChaosScene scene,
      DaemonDetails details,
      DaemonHandle handle,
      List<String> command,
      Deadline deadline) {
    String target = handle.name();
    try {
      ExecResult result =
          scene.adapters().use(details.info().platform(), a -> a.exec(handle, command, deadline));
      if (result.code() != 0) {
        scene.note(
            target
                + ": the "
                + name()
                + " stress ended with "
                + result.code()
                + (result.code() == 137 ? " (killed: its limit held)" : ""));
      }
    } catch (DaemonException e) {
      if (!Thread.currentThread().isInterrupted()) {
        scene.note(target + ": no " + name() + " stress: " + e.getMessage());
      }
    } catch (InterruptedException e) {
      // Told to end: the adapter has killed it.
      Thread.currentThread().interrupt();
    }
  }

  private static void end(Thread thread, String target) throws DaemonException {
    thread.interrupt();
    try {
      if (!thread.join(SETTLE)) {
        throw new DaemonException(
            ErrorCode.TIMEOUT,
            target,
            "its stress has not ended within " + SETTLE.toSeconds() + " s",
            "it ends with its own time");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

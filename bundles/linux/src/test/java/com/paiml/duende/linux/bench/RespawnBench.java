package com.paiml.duende.linux.bench;

import com.paiml.duende.linux.Await;
import com.paiml.duende.linux.Children;
import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.cgroup.Cgroup;
import com.paiml.duende.linux.cgroup.Cgroups;
import com.paiml.duende.linux.cgroup.Controller;
import com.paiml.duende.linux.confine.Capability;
import com.paiml.duende.linux.confine.Confinement;
import com.paiml.duende.linux.confine.Credentials;
import com.paiml.duende.linux.confine.PathRule;
import com.paiml.duende.linux.confine.SyscallFilter;
import com.paiml.duende.linux.event.EventLoop;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.kernel.Pipe;
import com.paiml.duende.linux.limits.Limit;
import com.paiml.duende.linux.limits.Resource;
import com.paiml.duende.linux.process.Pidfd;
import com.paiml.duende.linux.process.Processes;
import com.paiml.duende.linux.process.SpawnRequest;
import com.paiml.duende.linux.process.Spawner;
import com.paiml.duende.linux.process.Stdio;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * SIGKILL of a child until its replacement reaches {@code main}, side by side in one run: a loop of
 * vfork in C, this bundle without and with confinement, {@code ProcessBuilder}. Then 1000 starts.
 *
 * <p>{@code RespawnBench [rounds]}; needs a C compiler, and root for the confined ones.
 */
public final class RespawnBench {
  private static final int WARM_UP = 150;
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private RespawnBench() {}

  /** Something that keeps a stamping child alive. */
  private interface Contender extends AutoCloseable {
    @Override
    void close() throws Exception;
  }

  private record Stamp(int pid, long nanos) {}

  /** One contender with its stamps and times. */
  private static final class Lane {
    final String name;
    final Pipe pipe;
    final Contender contender;
    final List<Long> nanos = new ArrayList<>();
    int pid;

    Lane(String name, Pipe pipe, Contender contender) {
      this.name = name;
      this.pipe = pipe;
      this.contender = contender;
    }

    /** A percentile in microseconds. */
    double at(int percent) {
      long[] sorted = nanos.stream().mapToLong(Long::longValue).sorted().toArray();
      return sorted[sorted.length * percent / 100] / 1e3;
    }
  }

  public static void main(String[] arguments) throws Exception {
    int rounds = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 300;
    if (!(Linux.detect() instanceof Linux.Here(Linux linux))) {
      System.out.println("nothing to measure here: this is no Linux that the bundle can serve");
      return;
    }
    Path folder = Files.createTempDirectory("duende-bench");
    try {
      Path stamp = compile(folder, "stamp");
      Path floor = compile(folder, "floor");
      stamp.toFile().setExecutable(true, false);
      folder.toFile().setExecutable(true, false);
      folder.toFile().setReadable(true, false);
      respawn(linux, stamp, floor, rounds);
      endsSeen(linux, stamp);
      manyStarts(linux, stamp, floor);
    } finally {
      try (var files = Files.list(folder)) {
        files.forEach(file -> file.toFile().delete());
      }
      Files.delete(folder);
    }
  }

  private static Path compile(Path folder, String name) throws Exception {
    Path source = Path.of("src/test/c/" + name + ".c");
    Path program = folder.resolve(name);
    int status =
        new ProcessBuilder("cc", "-O2", "-o", program.toString(), source.toString())
            .inheritIO()
            .start()
            .waitFor();
    if (status != 0) {
      throw new IllegalStateException("cc failed");
    }
    return program;
  }

  private static void respawn(Linux linux, Path stamp, Path floor, int rounds) throws Exception {
    Cgroups cgroups = linux.cgroups();
    Cgroup group =
        cgroups.create(
            "duende-bench-" + ProcessHandle.current().pid(),
            Set.of(Controller.MEMORY, Controller.CPU, Controller.PIDS));
    Confinement.Builder grouped = Confinement.builder();
    group.joinFiles().forEach(grouped::cgroup);
    Confinement sandbox = sandbox(stamp).build();
    Confinement.Builder all = sandbox(stamp);
    group.joinFiles().forEach(all::cgroup);
    List<Lane> lanes = new ArrayList<>();
    try (Spawner spawner = linux.spawner();
        EventLoop loop = linux.eventLoop("bench", (what, fault) -> fault.printStackTrace())) {
      Pipe pipe = linux.pipe();
      lanes.add(new Lane("C, vfork loop", pipe, floor(spawner, floor, stamp, pipe)));
      lane(lanes, "direct", linux, spawner, loop, stamp, Confinement.none());
      lane(
          lanes,
          "vfork, umask only",
          linux,
          spawner,
          loop,
          stamp,
          Confinement.builder().umask(022).build());
      lane(lanes, "vfork, 3 cgroups", linux, spawner, loop, stamp, grouped.build());
      lane(lanes, "executor, sandbox and user", linux, spawner, loop, stamp, sandbox);
      lane(lanes, "executor, the same in cgroups", linux, spawner, loop, stamp, all.build());
      lanes.add(builder(stamp));
      try {
        for (Lane lane : lanes) {
          lane.pid = lane.name.startsWith("ProcessBuilder") ? 0 : next(lane).pid();
        }
        for (int round = 0; round < rounds + WARM_UP; round++) {
          for (Lane lane : lanes) {
            long took = lane.contender instanceof Builder b ? b.round() : round(linux, lane);
            if (round >= WARM_UP) {
              lane.nanos.add(took);
            }
          }
        }
      } finally {
        for (Lane lane : lanes) {
          lane.contender.close();
          lane.pipe.close();
        }
      }
    } finally {
      group.kill(PATIENCE);
      group.remove(PATIENCE);
    }
    print(lanes);
  }

  private static Confinement.Builder sandbox(Path stamp) {
    return Confinement.builder()
        .umask(027)
        .limit(Resource.NOFILE, Limit.of(100))
        .user(new Credentials(65534, 65534, List.of()))
        .capabilities(Set.of(Capability.NET_BIND_SERVICE))
        .paths(
            List.of(
                PathRule.read(Path.of("/usr")),
                PathRule.read(Path.of("/lib")),
                PathRule.read(Path.of("/lib64")),
                PathRule.read(Path.of("/etc")),
                PathRule.read(stamp.getParent())))
        .systemCalls(
            SyscallFilter.deny(
                List.of("reboot", "kexec_load", "mount", "ptrace"), SyscallFilter.KILL));
  }

  private static void lane(
      List<Lane> lanes,
      String name,
      Linux linux,
      Spawner spawner,
      EventLoop loop,
      Path stamp,
      Confinement confinement)
      throws Exception {
    Pipe pipe = linux.pipe();
    Stdio nothing = new Stdio.Null();
    SpawnRequest request =
        SpawnRequest.of(stamp, List.of())
            .withStdio(nothing, new Stdio.Handed(pipe.sink()), nothing)
            .withConfinement(confinement);
    lanes.add(new Lane(name, pipe, new Respawner(linux.processes(), spawner, loop, request)));
  }

  /** Starts again, on the loop's thread, whenever the child has ended. */
  private static final class Respawner implements Contender {
    private final Processes processes;
    private final Spawner spawner;
    private final EventLoop loop;
    private final SpawnRequest request;
    private volatile boolean closed;
    private volatile Pidfd child;

    Respawner(Processes processes, Spawner spawner, EventLoop loop, SpawnRequest request)
        throws LinuxException {
      this.processes = processes;
      this.spawner = spawner;
      this.loop = loop;
      this.request = request;
      start();
    }

    private void start() throws LinuxException {
      Pidfd next = spawner.spawn(request);
      child = next;
      processes.onExit(
          loop,
          next,
          status -> {
            if (!closed) {
              try {
                start();
              } catch (LinuxException refused) {
                throw new IllegalStateException(refused);
              }
            }
            next.close();
          });
    }

    @Override
    public void close() throws Exception {
      closed = true;
      Pidfd last = child;
      last.sendSignal(9);
      // The loop reaps it and closes it.
      Await.until("the last child was reaped", last.descriptor()::isClosed);
    }
  }

  private static Contender floor(Spawner spawner, Path floor, Path stamp, Pipe pipe)
      throws LinuxException {
    Stdio nothing = new Stdio.Null();
    Pidfd loop =
        spawner.spawn(
            SpawnRequest.of(floor, List.of(stamp.toString()))
                .withStdio(nothing, new Stdio.Handed(pipe.sink()), nothing));
    return () -> {
      Children.kill(loop);
      loop.close();
    };
  }

  private static long round(Linux linux, Lane lane) throws Exception {
    try (Pidfd child = linux.processes().open(lane.pid)) {
      long start = System.nanoTime();
      child.sendSignal(9);
      Stamp stamp = next(lane);
      lane.pid = stamp.pid();
      return stamp.nanos() - start;
    }
  }

  private static Stamp next(Lane lane) throws Exception {
    byte[] words = new byte[16];
    long end = System.nanoTime() + PATIENCE.toNanos();
    int got;
    // The child's own stamp is the figure, so how fast it is read here does not matter.
    while ((got = lane.pipe.source().read(words, 0, 16)) != 16) {
      if (got == 0 || System.nanoTime() > end) {
        throw new IllegalStateException(lane.name + " stamps no more");
      }
      Thread.sleep(0, 200_000);
    }
    ByteBuffer stamp = ByteBuffer.wrap(words).order(ByteOrder.nativeOrder());
    return new Stamp((int) stamp.getLong(), stamp.getLong());
  }

  private static Lane builder(Path stamp) throws Exception {
    Builder builder = new Builder(stamp);
    return new Lane(
        "ProcessBuilder, onExit", new Pipe(NoDescriptor.INSTANCE, NoDescriptor.INSTANCE), builder);
  }

  /** What the JDK has. */
  private static final class Builder implements Contender {
    private final ProcessBuilder builder;
    private final java.util.concurrent.BlockingQueue<Process> started =
        new java.util.concurrent.LinkedBlockingQueue<>();
    private volatile boolean closed;
    private Process child;

    Builder(Path stamp) throws Exception {
      builder = new ProcessBuilder(stamp.toString());
      start();
      child = started.take();
      stamp();
    }

    private void start() {
      try {
        Process process = builder.start();
        started.add(process);
        process
            .onExit()
            .thenRun(
                () -> {
                  if (!closed) {
                    start();
                  }
                });
      } catch (java.io.IOException refused) {
        throw new IllegalStateException(refused);
      }
    }

    private long stamp() throws Exception {
      ByteBuffer words =
          ByteBuffer.wrap(child.getInputStream().readNBytes(16)).order(ByteOrder.nativeOrder());
      words.getLong();
      return words.getLong();
    }

    long round() throws Exception {
      long start = System.nanoTime();
      child.destroyForcibly();
      child = started.take();
      return stamp() - start;
    }

    @Override
    public void close() throws Exception {
      closed = true;
      child.destroyForcibly().waitFor();
    }
  }

  private static void print(List<Lane> lanes) {
    double floor = lanes.getFirst().at(50);
    double least = lanes.getFirst().at(10);
    System.out.printf(
        "%-28s %6s %8s %8s %8s %8s %8s %8s%n",
        "microseconds", "n", "p10", "median", "p95", "p99", "x p10", "x median");
    for (Lane lane : lanes) {
      System.out.printf(
          "%-28s %6d %8.0f %8.0f %8.0f %8.0f %8.2f %8.2f%n",
          lane.name,
          lane.nanos.size(),
          lane.at(10),
          lane.at(50),
          lane.at(95),
          lane.at(99),
          lane.at(10) / least,
          lane.at(50) / floor);
    }
  }

  private static void manyStarts(Linux linux, Path stamp, Path floor) throws Exception {
    long[] millis = new long[5];
    long[] floorMillis = new long[millis.length];
    try (Spawner spawner = linux.spawner();
        EventLoop loop = linux.eventLoop("bench", (what, fault) -> fault.printStackTrace())) {
      for (int run = 0; run < millis.length; run++) {
        floorMillis[run] = floorStarts(floor, stamp);
        CountDownLatch ended = new CountDownLatch(1000);
        List<Pidfd> children = new ArrayList<>(1000);
        try {
          long start = System.nanoTime();
          for (int i = 0; i < 1000; i++) {
            Pidfd child = spawner.spawn(SpawnRequest.of(stamp, List.of()));
            linux.processes().onExit(loop, child, status -> ended.countDown());
            children.add(child);
          }
          millis[run] = (System.nanoTime() - start) / 1_000_000;
        } finally {
          for (Pidfd child : children) {
            child.sendSignal(9);
          }
        }
        if (!ended.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
          throw new IllegalStateException(ended.getCount() + " of 1000 are not reaped");
        }
        children.forEach(Pidfd::close);
      }
    }
    Arrays.sort(millis);
    Arrays.sort(floorMillis);
    System.out.printf(
        "1000 programs: C, vfork only %s ms; started and watched here %s ms; medians x %.2f%n",
        Arrays.toString(floorMillis), Arrays.toString(millis), (double) millis[2] / floorMillis[2]);
  }

  private static long floorStarts(Path floor, Path stamp) throws Exception {
    Process process =
        new ProcessBuilder(floor.toString(), stamp.toString(), "1000")
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    String micros =
        new String(
            process.getErrorStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    process.waitFor();
    return Long.parseLong(micros.strip()) / 1000;
  }

  private static void endsSeen(Linux linux, Path stamp) throws Exception {
    Lane lane = new Lane("SIGKILL to end seen", null, null);
    try (Spawner spawner = linux.spawner();
        EventLoop loop = linux.eventLoop("bench", (what, fault) -> fault.printStackTrace())) {
      for (int i = 0; i < 300; i++) {
        CompletableFuture<Long> seen = new CompletableFuture<>();
        try (Pidfd child = spawner.spawn(SpawnRequest.of(stamp, List.of()))) {
          linux.processes().onExit(loop, child, status -> seen.complete(System.nanoTime()));
          long start = System.nanoTime();
          child.sendSignal(9);
          long took = seen.get(PATIENCE.toSeconds(), TimeUnit.SECONDS) - start;
          if (i >= 100) {
            lane.nanos.add(took);
          }
        }
      }
    }
    System.out.printf(
        "%s, n = 200: median %.0f us, p99 %.0f us%n", lane.name, lane.at(50), lane.at(99));
  }
}

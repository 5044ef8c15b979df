package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.cgroup.InForce;
import com.paiml.duende.linux.cgroup.Setting;
import com.paiml.duende.linux.event.EventLoop;
import com.paiml.duende.linux.event.Watch;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/** Version 2, Documentation/admin-guide/cgroup-v2.rst of the kernel. */
final class CgroupTwo implements CgroupVersion {
  private static final int EPOLLPRI = 2;
  private static final String MEMORY = "memory.max";
  private static final String SWAP = "memory.swap.max";
  private static final String QUOTA = "cpu.max";
  private static final String WEIGHT = "cpu.weight";
  private static final String PIDS = "pids.max";
  private static final String IO = "io.max";

  private final ControlFiles files;

  CgroupTwo(ControlFiles files) {
    this.files = files;
  }

  @Override
  public void write(Path folder, Setting setting, boolean untouched) throws LinuxException {
    switch (setting) {
      case Setting.Memory(long bytes) -> put(folder, MEMORY, bytes);
      case Setting.MemoryAndSwap(long bytes) -> swap(folder, bytes);
      case Setting.NoSwap() -> put(folder, SWAP, 0);
      case Setting.CpuQuota(long quota, long period) ->
          files.write(
              folder.resolve(QUOTA),
              (quota == Setting.UNLIMITED ? "max" : Long.toString(quota)) + " " + period);
      case Setting.CpuShares(long shares) -> put(folder, WEIGHT, weight(shares));
      case Setting.Pids(long count) -> put(folder, PIDS, count);
      case Setting.IoRead(long rate) -> throttle(folder, "rbps", rate);
      case Setting.IoWrite(long rate) -> throttle(folder, "wbps", rate);
      case Setting.Network(long rate) -> new NetworkPolicer(files.kernel(), folder).set(rate);
    }
  }

  private void put(Path folder, String file, long value) throws LinuxException {
    files.write(folder.resolve(file), value == Setting.UNLIMITED ? "max" : Long.toString(value));
  }

  /** Version 2 limits swap alone. */
  private void swap(Path folder, long together) throws LinuxException {
    OptionalLong memory = files.number(folder.resolve(MEMORY));
    if (together == Setting.UNLIMITED || memory.isEmpty()) {
      put(folder, SWAP, together);
      return;
    }
    long swap = together - memory.getAsLong();
    if (swap < 0) {
      throw new LinuxException(
          Errno.EINVAL,
          "write",
          folder.resolve(SWAP).toString(),
          "Memory and swap together ("
              + together
              + ") are below memory alone ("
              + memory.getAsLong()
              + "): raise the first.");
    }
    put(folder, SWAP, swap);
  }

  /** 2…262144 to 1…10000, as systemd and the OCI runtimes convert. */
  static long weight(long shares) {
    return 1 + (Math.clamp(shares, 2L, 262_144L) - 2) * 9_999 / 262_142;
  }

  private void throttle(Path folder, String key, long rate) throws LinuxException {
    String value = rate == Setting.UNLIMITED ? "max" : Long.toString(rate);
    for (String disk : Disks.numbers(files)) {
      files.write(folder.resolve(IO), disk + " " + key + "=" + value);
    }
  }

  @Override
  public List<InForce> read(Path folder, Setting setting) throws LinuxException {
    if (setting instanceof Setting.Network) {
      return new NetworkPolicer(files.kernel(), folder).read();
    }
    List<String> names =
        switch (setting) {
          case Setting.Memory m -> List.of(MEMORY);
          case Setting.MemoryAndSwap m -> List.of(MEMORY, SWAP);
          case Setting.NoSwap n -> List.of(SWAP);
          case Setting.CpuQuota c -> List.of(QUOTA);
          case Setting.CpuShares c -> List.of(WEIGHT);
          case Setting.Pids p -> List.of(PIDS);
          case Setting.IoRead i -> List.of(IO);
          case Setting.IoWrite i -> List.of(IO);
          case Setting.Network n -> List.of();
        };
    List<InForce> all = new ArrayList<>();
    for (String name : names) {
      all.add(new InForce(folder.resolve(name), files.read(folder.resolve(name))));
    }
    return all;
  }

  @Override
  public OptionalLong cpuNanos(Path folder) throws LinuxException {
    OptionalLong micros = files.entry(folder.resolve("cpu.stat"), "usage_usec");
    return micros.isPresent() ? OptionalLong.of(micros.getAsLong() * 1000) : OptionalLong.empty();
  }

  @Override
  public OptionalLong memory(Path folder) throws LinuxException {
    return files.number(folder.resolve("memory.current"));
  }

  @Override
  public OptionalLong memoryPeak(Path folder) throws LinuxException {
    return files.number(folder.resolve("memory.peak"));
  }

  @Override
  public OptionalLong outOfMemoryKills(Path folder) throws LinuxException {
    return files.entry(folder.resolve("memory.events"), "oom_kill");
  }

  @Override
  public List<OptionalLong> ioBytes(Path folder) throws LinuxException {
    Path file = folder.resolve("io.stat");
    if (!files.exists(file)) {
      return List.of(OptionalLong.empty(), OptionalLong.empty());
    }
    // Lines "MAJOR:MINOR rbytes=1 wbytes=2 rios=3 …".
    long read = 0;
    long written = 0;
    for (String word : files.readIfThere(file).split("\\s+", -1)) {
      if (word.startsWith("rbytes=")) {
        read += Long.parseLong(word.substring(7));
      } else if (word.startsWith("wbytes=")) {
        written += Long.parseLong(word.substring(7));
      }
    }
    return List.of(OptionalLong.of(read), OptionalLong.of(written));
  }

  @Override
  public void requestFrozen(Path folder, boolean frozen) throws LinuxException {
    files.write(folder.resolve("cgroup.freeze"), frozen ? "1" : "0");
  }

  @Override
  public boolean isFrozen(Path folder) throws LinuxException {
    return files.entry(folder.resolve("cgroup.events"), "frozen").orElse(0) == 1;
  }

  /** The file wakes pollers when it changes, as long as they read it anew each time. */
  @Override
  public Watch onOutOfMemory(Path folder, EventLoop loop, Runnable then) throws LinuxException {
    Path file = folder.resolve("memory.events");
    Fd events = files.kernel().open(file.toString(), Kernel.O_RDONLY, 0);
    try {
      byte[] content = new byte[4096];
      long[] seen = {kills(events, content)};
      Watch watch =
          loop.watch(
              "out of memory in " + folder,
              events,
              EPOLLPRI,
              ready -> {
                long now = kills(events, content);
                if (now > seen[0]) {
                  seen[0] = now;
                  then.run();
                }
              });
      return () -> {
        watch.close();
        events.close();
      };
    } catch (LinuxException refused) {
      events.close();
      throw refused;
    }
  }

  private static long kills(Fd events, byte[] content) throws LinuxException {
    int length = events.readAt(0, content);
    String text = new String(content, 0, length, java.nio.charset.StandardCharsets.US_ASCII);
    return text.lines()
        .filter(line -> line.startsWith("oom_kill "))
        .mapToLong(line -> Long.parseLong(line.substring(9).strip()))
        .findFirst()
        .orElse(0);
  }
}

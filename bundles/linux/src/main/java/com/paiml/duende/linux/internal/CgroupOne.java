package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.cgroup.InForce;
import com.paiml.duende.linux.cgroup.Setting;
import com.paiml.duende.linux.event.EventLoop;
import com.paiml.duende.linux.event.Readiness;
import com.paiml.duende.linux.event.Watch;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/** Version 1, Documentation/admin-guide/cgroup-v1 of the kernel. */
final class CgroupOne implements CgroupVersion {
  private static final String MEMORY = "memory.limit_in_bytes";
  private static final String MEMORY_AND_SWAP = "memory.memsw.limit_in_bytes";
  private static final String SWAPPINESS = "memory.swappiness";
  private static final String QUOTA = "cpu.cfs_quota_us";
  private static final String PERIOD = "cpu.cfs_period_us";

  /** The period of a new group, default_cfs_period() of the kernel, in microseconds. */
  private static final long FIRST_PERIOD = 100_000;

  private static final String SHARES = "cpu.shares";
  private static final String PIDS = "pids.max";
  private static final String READ = "blkio.throttle.read_bps_device";
  private static final String WRITE = "blkio.throttle.write_bps_device";

  private final ControlFiles files;

  CgroupOne(ControlFiles files) {
    this.files = files;
  }

  @Override
  public void write(Path folder, Setting setting, boolean untouched) throws LinuxException {
    switch (setting) {
      case Setting.Memory(long bytes) -> memory(folder, bytes, untouched);
      case Setting.MemoryAndSwap(long bytes) -> put(folder, MEMORY_AND_SWAP, bytes);
      case Setting.NoSwap() -> noSwap(folder);
      case Setting.CpuQuota(long quota, long period) -> {
        // For each write the kernel goes through all groups of the machine (tg_set_bandwidth).
        OptionalLong now =
            untouched ? OptionalLong.of(FIRST_PERIOD) : files.number(folder.resolve(PERIOD));
        if (!now.equals(OptionalLong.of(period))) {
          put(folder, PERIOD, period);
        }
        put(folder, QUOTA, quota);
      }
      case Setting.CpuShares(long shares) -> put(folder, SHARES, shares);
      case Setting.Pids(long count) ->
          files.write(
              folder.resolve(PIDS), count == Setting.UNLIMITED ? "max" : Long.toString(count));
      case Setting.IoRead(long rate) -> throttle(folder, READ, rate);
      case Setting.IoWrite(long rate) -> throttle(folder, WRITE, rate);
      case Setting.Network n -> throw noNetwork(folder);
    }
  }

  private static LinuxException noNetwork(Path folder) {
    return new LinuxException(
        Errno.EOPNOTSUPP,
        "bpf",
        folder.toString(),
        "Version 1 has no programs on groups: mount version 2 beside it.");
  }

  private void put(Path folder, String file, long value) throws LinuxException {
    files.write(folder.resolve(file), Long.toString(value));
  }

  /** The limit on memory may never be above the one on memory and swap: raise that one first. */
  private void memory(Path folder, long bytes, boolean untouched) throws LinuxException {
    Path both = folder.resolve(MEMORY_AND_SWAP);
    OptionalLong together = untouched ? OptionalLong.empty() : files.number(both);
    boolean raises =
        together.isPresent()
            && (bytes == Setting.UNLIMITED
                || Long.compareUnsigned(bytes, together.getAsLong()) > 0);
    if (raises) {
      put(folder, MEMORY_AND_SWAP, bytes);
    }
    put(folder, MEMORY, bytes);
  }

  /** Swappiness 0 still swaps when the limit is hit, so the limit on both is set to that on memory. */
  private void noSwap(Path folder) throws LinuxException {
    put(folder, SWAPPINESS, 0);
    if (files.exists(folder.resolve(MEMORY_AND_SWAP))) {
      files.write(folder.resolve(MEMORY_AND_SWAP), files.read(folder.resolve(MEMORY)));
    }
  }

  private void throttle(Path folder, String file, long rate) throws LinuxException {
    for (String disk : Disks.numbers(files)) {
      // 0 takes a limit away there.
      files.write(folder.resolve(file), disk + " " + (rate == Setting.UNLIMITED ? 0 : rate));
    }
  }

  @Override
  public List<InForce> read(Path folder, Setting setting) throws LinuxException {
    List<String> names =
        switch (setting) {
          case Setting.Memory m -> List.of(MEMORY);
          case Setting.MemoryAndSwap m -> List.of(MEMORY_AND_SWAP);
          case Setting.NoSwap n ->
              files.exists(folder.resolve(MEMORY_AND_SWAP))
                  ? List.of(SWAPPINESS, MEMORY_AND_SWAP)
                  : List.of(SWAPPINESS);
          case Setting.CpuQuota c -> List.of(QUOTA, PERIOD);
          case Setting.CpuShares c -> List.of(SHARES);
          case Setting.Pids p -> List.of(PIDS);
          case Setting.IoRead i -> List.of(READ);
          case Setting.IoWrite i -> List.of(WRITE);
          case Setting.Network n -> throw noNetwork(folder);
        };
    List<InForce> all = new ArrayList<>();
    for (String name : names) {
      all.add(new InForce(folder.resolve(name), files.read(folder.resolve(name))));
    }
    return all;
  }

  @Override
  public OptionalLong cpuNanos(Path folder) throws LinuxException {
    return files.number(folder.resolve("cpuacct.usage"));
  }

  @Override
  public OptionalLong memory(Path folder) throws LinuxException {
    return files.number(folder.resolve("memory.usage_in_bytes"));
  }

  @Override
  public OptionalLong memoryPeak(Path folder) throws LinuxException {
    return files.number(folder.resolve("memory.max_usage_in_bytes"));
  }

  @Override
  public OptionalLong outOfMemoryKills(Path folder) throws LinuxException {
    return files.entry(folder.resolve("memory.oom_control"), "oom_kill");
  }

  @Override
  public List<OptionalLong> ioBytes(Path folder) throws LinuxException {
    // Lines "MAJOR:MINOR Read 123", and "Total 456" at the end.
    String text = files.readIfThere(folder.resolve("blkio.throttle.io_service_bytes_recursive"));
    if (text.isEmpty()) {
      return List.of(OptionalLong.empty(), OptionalLong.empty());
    }
    long read = 0;
    long written = 0;
    for (String line : text.lines().toList()) {
      String[] part = line.split(" ", -1);
      if (part.length == 3 && part[1].equals("Read")) {
        read += Long.parseLong(part[2]);
      } else if (part.length == 3 && part[1].equals("Write")) {
        written += Long.parseLong(part[2]);
      }
    }
    return List.of(OptionalLong.of(read), OptionalLong.of(written));
  }

  @Override
  public void requestFrozen(Path folder, boolean frozen) throws LinuxException {
    files.write(folder.resolve("freezer.state"), frozen ? "FROZEN" : "THAWED");
  }

  @Override
  public boolean isFrozen(Path folder) throws LinuxException {
    return files.read(folder.resolve("freezer.state")).equals("FROZEN");
  }

  /** cgroup.event_control: an eventfd that counts, for the file memory.oom_control. */
  @Override
  public Watch onOutOfMemory(Path folder, EventLoop loop, Runnable then) throws LinuxException {
    EventCounter counter = EventCounter.create(files.kernel());
    try (Fd control =
        files.kernel().open(folder.resolve("memory.oom_control").toString(), Kernel.O_RDONLY, 0)) {
      files.write(
          folder.resolve("cgroup.event_control"),
          counter.descriptor().number() + " " + control.number());
      Watch watch =
          loop.watch(
              "out of memory in " + folder,
              counter.descriptor(),
              Readiness.IN,
              ready -> {
                if (counter.take() > 0) {
                  then.run();
                }
              });
      return () -> {
        watch.close();
        counter.close();
      };
    } catch (LinuxException refused) {
      counter.close();
      throw refused;
    }
  }
}

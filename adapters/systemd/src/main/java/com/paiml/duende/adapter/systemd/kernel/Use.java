package com.paiml.duende.adapter.systemd.kernel;

import com.paiml.duende.spi.UsageSample;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a unit uses: from its control group's accounts, and from /proc for what those do not have. */
public final class Use {
  private static final long TICK_NANOS = 10_000_000; // USER_HZ is 100, time(7)
  private static final int UTIME = 11;
  private static final int STIME = 12;
  private static final Pattern BYTES = Pattern.compile("([rw])bytes=([0-9]+)");

  private Use() {}

  public static UsageSample of(UnitGroup group) {
    List<Long> pids = group.processes();
    long memory = 0;
    long threads = 0;
    long files = 0;
    long ticks = 0;
    long voluntary = 0;
    long involuntary = 0;
    long read = 0;
    long written = 0;
    for (long pid : pids) {
      String status = ProcessFiles.text(pid, "status");
      memory += 1024 * figure(status, "VmRSS");
      threads += figure(status, "Threads");
      voluntary += figure(status, "voluntary_ctxt_switches");
      involuntary += figure(status, "nonvoluntary_ctxt_switches");
      files += ProcessFiles.descriptors(pid);
      String[] stat = ProcessFiles.stat(pid);
      if (stat.length > STIME) {
        ticks += Long.parseLong(stat[UTIME]) + Long.parseLong(stat[STIME]);
      }
      String io = ProcessFiles.text(pid, "io");
      read += figure(io, "read_bytes");
      written += figure(io, "write_bytes");
    }
    OptionalLong[] disk = disk(group);
    return new UsageSample(
        Instant.now(),
        processorNanos(group).orElse(ticks * TICK_NANOS),
        memory,
        pids.size(),
        threads,
        files,
        disk[0].orElse(read),
        disk[1].orElse(written),
        UsageSample.UNKNOWN,
        UsageSample.UNKNOWN,
        voluntary,
        involuntary,
        UsageSample.UNKNOWN,
        group.hierarchies().has("memory") ? group.outOfMemoryKills() : UsageSample.UNKNOWN);
  }

  /** The group's account has the time of processes that are gone, too. */
  private static OptionalLong processorNanos(UnitGroup group) {
    Optional<String> one = group.read("cpuacct", "cpuacct.usage");
    if (one.isPresent() && one.get().matches("[0-9]{1,18}")) {
      return OptionalLong.of(Long.parseLong(one.get()));
    }
    return group
        .read("cpu", "cpu.stat")
        .map(t -> t.lines().filter(l -> l.matches("usage_usec [0-9]+")).findFirst())
        .flatMap(l -> l)
        .map(l -> OptionalLong.of(1000 * Long.parseLong(l.substring("usage_usec ".length()))))
        .orElse(OptionalLong.empty());
  }

  private static OptionalLong[] disk(UnitGroup group) {
    Optional<String> stat = group.read("io", "io.stat");
    if (stat.isEmpty()) {
      return new OptionalLong[] {OptionalLong.empty(), OptionalLong.empty()};
    }
    long read = 0;
    long written = 0;
    Matcher bytes = BYTES.matcher(stat.get());
    while (bytes.find()) {
      long figure = Long.parseLong(bytes.group(2));
      if (bytes.group(1).equals("r")) {
        read += figure;
      } else {
        written += figure;
      }
    }
    return new OptionalLong[] {OptionalLong.of(read), OptionalLong.of(written)};
  }

  private static long figure(String text, String name) {
    return text.lines()
        .filter(l -> l.startsWith(name + ":"))
        .map(l -> l.substring(name.length() + 1).strip().split(" ")[0])
        .filter(v -> v.matches("[0-9]{1,18}"))
        .mapToLong(Long::parseLong)
        .findFirst()
        .orElse(0);
  }
}

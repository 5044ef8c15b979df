package com.paiml.duende.observe.monitor;

import com.paiml.duende.observe.history.HistoryRing;
import com.paiml.duende.spi.UsageMonitor.ProcessReading;
import com.paiml.duende.spi.UsageMonitor.Reading;
import com.paiml.duende.spi.UsageSample;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What is remembered of one daemon. The sampler's thread writes; the ring is what others read. */
final class Track {
  static final int KEPT = 1000;
  private static final int COLUMNS = 11;
  private static final double HUNDREDTHS = 100;

  private static final UsageSample NOTHING =
      new UsageSample(Instant.EPOCH, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);

  final String name;
  final Map<Integer, Member> members = new LinkedHashMap<>();
  final HistoryRing ring = new HistoryRing(KEPT, COLUMNS);
  final Limits limits;
  final long[] row = new long[COLUMNS];
  long generation = -1;
  int root;
  long rootStart;

  /** Of processes that have ended: their time, and what they read and wrote. */
  long goneCpu;

  long goneRead;
  long goneWrite;
  boolean asked;
  String platform = "";

  /** How often its processes were looked at. */
  int looks;

  /** Whether what is dear was read, too, since one of its processes was last given a processor. */
  boolean detailed;

  /** When its processes were last read, of {@link System#nanoTime}. */
  long readAt;

  /** Whether it was idle when it had its last turn. */
  boolean rests;

  /** Whether it had done nothing when it was last looked at, since the time before; false as long as that is not known. */
  private volatile boolean idle;

  /** What its adapter said last. */
  volatile UsageSample said = NOTHING;

  private long lastCpu = -1;
  private long lastTime;
  private volatile List<ProcessReading> processes = List.of();

  private final long machineMemory;

  /** @param unusual from how many deviations on something is unusual */
  Track(String name, long machineMemory, double unusual) {
    this.name = name;
    this.limits = new Limits(unusual);
    this.machineMemory = machineMemory;
  }

  void begin(long newGeneration) {
    members.values().forEach(Member::close);
    members.clear();
    generation = newGeneration;
    root = 0;
    rootStart = 0;
    goneCpu = 0;
    goneRead = 0;
    goneWrite = 0;
    lastCpu = -1;
    said = NOTHING;
    idle = false;
    detailed = false;
    rests = false;
    limits.begin();
  }

  /** Whether there is no hurry to look at it again: it has done nothing, and is far from its limits. */
  boolean isIdle() {
    return idle && !limits.isNear();
  }

  List<ProcessReading> processes() {
    return processes;
  }

  /** Sums up the members. */
  void sum(long epochMillis, long nanoTime) {
    Arrays.fill(row, 0);
    double percent = 0;
    row[1] = goneCpu;
    row[6] = goneRead;
    row[7] = goneWrite;
    boolean nothing = true;
    for (Member m : members.values()) {
      nothing &= m.isIdle();
      percent += m.percent;
      row[1] += m.cpuNanos;
      row[2] += m.memory;
      row[4] += m.threads;
      row[5] += m.files;
      row[6] += m.readBytes;
      row[7] += m.writeBytes;
      row[8] += m.voluntary;
      row[9] += m.involuntary;
    }
    row[0] = epochMillis;
    row[3] = members.size();
    row[10] = Math.round(percent * HUNDREDTHS);
    lastTime = nanoTime;
    idle = nothing;
    ring.push(row);
  }

  /** Nothing has changed since the last look. */
  void repeat(long epochMillis, long nanoTime) {
    row[0] = epochMillis;
    row[10] = 0;
    lastTime = nanoTime;
    limits.repeat(this);
    ring.push(row);
  }

  /**
   * Takes what an adapter says.
   *
   * @return whether something is not the same as before, or may be
   */
  boolean take(UsageSample sample, long nanoTime) {
    long[] before = row.clone();
    said = sample;
    long cpu = sample.cpuNanos();
    double percent =
        lastCpu < 0 || cpu < lastCpu || nanoTime == lastTime
            ? 0
            : 100.0 * (cpu - lastCpu) / (nanoTime - lastTime);
    idle = cpu == lastCpu && sample.memoryBytes() == row[2] && sample.processes() == row[3];
    lastCpu = cpu;
    lastTime = nanoTime;
    row[0] = sample.time().toEpochMilli();
    row[1] = cpu;
    row[2] = sample.memoryBytes();
    row[3] = sample.processes();
    row[4] = sample.threads();
    row[5] = sample.openFiles();
    row[6] = sample.readBytes();
    row[7] = sample.writeBytes();
    row[8] = sample.voluntarySwitches();
    row[9] = sample.involuntarySwitches();
    row[10] = Math.round(percent * HUNDREDTHS);
    ring.push(row);
    boolean same = idle && Arrays.equals(row, 1, COLUMNS, before, 1, COLUMNS);
    if (same) {
      limits.repeat(this);
    }
    return !same;
  }

  /** Its platform has no figures of it now: there is no hurry to ask again. */
  void giveUp() {
    said = NOTHING;
    idle = true;
  }

  /** Makes the list that others read. */
  void publish() {
    List<ProcessReading> list = new ArrayList<>(members.size());
    for (Member m : members.values()) {
      list.add(
          new ProcessReading(
              m.pid, m.parent, m.name, m.state, m.percent, m.memory, m.threads, m.files));
    }
    processes = List.copyOf(list);
  }

  double cpuPercent() {
    return row[10] / HUNDREDTHS;
  }

  long memory() {
    return row[2];
  }

  Reading reading(long[] row) {
    return new Reading(
        Instant.ofEpochMilli(row[0]),
        row[10] / HUNDREDTHS,
        row[1],
        row[2],
        row[2] < 0 || machineMemory <= 0 ? UsageSample.UNKNOWN : 100.0 * row[2] / machineMemory,
        row[3],
        row[4],
        row[5],
        row[6],
        row[7],
        row[8],
        row[9]);
  }

  static int columns() {
    return COLUMNS;
  }
}

package com.paiml.duende.adapter.pepita.snapshot;

import com.paiml.duende.adapter.pepita.monitor.SavedState;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;

/**
 * A machine as it was at one moment.
 *
 * @param label its name among those of its daemon
 * @param folder where it is kept
 * @param taken when
 * @param position of the program's output, up to where the log had it
 * @param state memory and devices, in {@link #memory}
 * @param secretState of what guest and host both know, in {@link #secret}
 * @param disks copies of disks, by the name of the file beside it
 * @param machine what the machine was made of: only one that is made of the same can take it up
 */
public record Snapshot(
    String label,
    Path folder,
    Instant taken,
    long position,
    SavedState state,
    SavedState secretState,
    Map<String, SavedState> disks,
    Map<String, String> machine) {
  public Snapshot {
    disks = Map.copyOf(disks);
    machine = Map.copyOf(machine);
  }

  /** The state of the machine, as its monitor wrote it. */
  public Path memory() {
    return folder.resolve(Snapshots.MEMORY);
  }

  /** The secret that the guest knows. */
  public Path secret() {
    return folder.resolve(Snapshots.SECRET);
  }

  /** A copy of a disk. */
  public Path disk(String name) {
    return folder.resolve(name);
  }

  /** Bytes of all of it. */
  public long bytes() {
    return state.bytes() + disks.values().stream().mapToLong(SavedState::bytes).sum();
  }

  /**
   * What tells this machine from another, for people; empty where nothing does. Digests say nothing to people.
   *
   * @param other what that one is made of
   */
  public String difference(Map<String, String> other) {
    for (Map.Entry<String, String> one : new TreeMap<>(machine).entrySet()) {
      String now = other.getOrDefault(one.getKey(), "");
      if (!now.equals(one.getValue())) {
        return one.getKey().startsWith("the ")
            ? one.getKey() + " was " + one.getValue() + " and is " + (now.isEmpty() ? "none" : now)
            : "its " + one.getKey() + " is another now";
      }
    }
    return "";
  }
}

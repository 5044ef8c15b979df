package com.paiml.duende.adapter.pepita;

import com.paiml.duende.adapter.pepita.snapshot.Snapshot;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.spi.Deadline;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** The machines that run now, for the commands. */
public interface Vms {
  List<Vm> all();

  /**
   * The next start of that daemon takes up a snapshot of it, where it would do as things are now.
   *
   * @param stateDirectory the daemon's
   */
  Snapshot takeUpNext(String daemon, Path stateDirectory, String label) throws DaemonException;

  /** {@return whether none of its starts has taken it up; from now on none does} */
  boolean forgetTakeUp(String daemon);

  /** A machine stands still from one to the other, and whoever watches over it knows. */
  interface Standing {
    void begin() throws DaemonException;

    /** Also where the beginning, or what came after it, has failed. */
    void end() throws DaemonException;
  }

  /** One of them. */
  interface Vm {
    /** {@code duende-vm-NAME}. */
    String machine();

    String daemon();

    /** {@code running} or {@code paused}. */
    String state();

    /** The monitor's process. */
    long pid();

    int vcpus();

    /** Bytes. */
    long memory();

    long cid();

    String monitor();

    boolean accelerated();

    Console console();

    /** More to show, in order. */
    Map<String, String> details();

    /** Sends bytes there and back over the channel. */
    byte[] echo(byte[] bytes, Deadline deadline) throws DaemonException;

    /** Takes a snapshot; the machine goes on afterwards. */
    Snapshot snapshot(String label, Standing standing, Deadline deadline) throws DaemonException;
  }
}

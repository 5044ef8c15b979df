package com.paiml.duende.adapter.pepita;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.spi.Deadline;
import java.util.List;
import java.util.Map;

/** The machines that run now, for the commands. */
public interface Vms {
  List<Vm> all();

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
  }
}

package com.paiml.duende.linux.cgroup;

/** A limit of a control group. {@link #UNLIMITED} takes one away. */
public sealed interface Setting {
  /** No limit. */
  long UNLIMITED = -1;

  /** Which controller enforces it. */
  Controller controller();

  /**
   * Memory.
   *
   * @param bytes rounded down to whole pages by the kernel
   */
  record Memory(long bytes) implements Setting {
    @Override
    public Controller controller() {
      return Controller.MEMORY;
    }
  }

  /**
   * Memory and swap together; to be set after {@link Memory} and not below it.
   *
   * @param bytes rounded down to whole pages by the kernel
   */
  record MemoryAndSwap(long bytes) implements Setting {
    @Override
    public Controller controller() {
      return Controller.MEMORY;
    }
  }

  /** No page of the group goes to swap; to be set after {@link Memory}. */
  record NoSwap() implements Setting {
    @Override
    public Controller controller() {
      return Controller.MEMORY;
    }
  }

  /**
   * Processor time.
   *
   * @param quotaMicros so much in every period, above the period for more than one core
   * @param periodMicros 1000 to 1000000
   */
  record CpuQuota(long quotaMicros, long periodMicros) implements Setting {
    /** That many percent of one core, in periods of 100 ms; 1 or more. */
    public static CpuQuota percent(double percent) {
      return new CpuQuota(Math.round(percent * 1000), 100_000);
    }

    @Override
    public Controller controller() {
      return Controller.CPU;
    }
  }

  /**
   * Share of the processors when others want them too.
   *
   * @param shares 2 to 262144, 1024 being the usual; version 2 gets the weight that means the same
   */
  record CpuShares(long shares) implements Setting {
    @Override
    public Controller controller() {
      return Controller.CPU;
    }
  }

  /**
   * Processes and threads.
   *
   * @param count at most so many
   */
  record Pids(long count) implements Setting {
    @Override
    public Controller controller() {
      return Controller.PIDS;
    }
  }

  /**
   * Reading from any one disk. Version 1 sees only what is read and written past the page cache or
   * synchronously.
   *
   * @param bytesPerSecond for every disk that is there now
   */
  record IoRead(long bytesPerSecond) implements Setting {
    @Override
    public Controller controller() {
      return Controller.IO;
    }
  }

  /**
   * Network traffic of the sockets that the group's processes make, each direction by itself. What is
   * above is dropped, and TCP slows down; a fifth of a second's worth may come at once.
   *
   * @param bytesPerSecond of packets from the IP header on, 1 or more
   */
  record Network(long bytesPerSecond) implements Setting {
    @Override
    public Controller controller() {
      return Controller.NETWORK;
    }
  }

  /**
   * Writing to any one disk.
   *
   * @param bytesPerSecond for every disk that is there now
   */
  record IoWrite(long bytesPerSecond) implements Setting {
    @Override
    public Controller controller() {
      return Controller.IO;
    }
  }
}

package com.paiml.duende.observe.trace.ebpf;

import com.paiml.duende.linux.bpf.BpfObjects;
import com.paiml.duende.linux.kernel.Descriptor;
import com.paiml.duende.linux.kernel.LinuxException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/** The programs that run now. */
final class Probes implements AutoCloseable {
  private final BpfObjects bpf;
  private final Programs programs;
  private final boolean followsChildren;
  private final List<Descriptor> family = new ArrayList<>();
  private List<Descriptor> loaded = new ArrayList<>();
  private List<Descriptor> links = new ArrayList<>();
  private boolean counting;

  Probes(BpfObjects bpf, Programs programs, OptionalInt groupOffset) throws LinuxException {
    this.bpf = bpf;
    this.programs = programs;
    this.followsChildren = groupOffset.isPresent();
    try {
      Descriptor end = keep(bpf.rawTracepoint("duende_end", programs.end()));
      Descriptor _ = keep(bpf.attach(end, "sched_process_exit"));
      if (groupOffset.isPresent()) {
        Descriptor fork =
            keep(bpf.rawTracepoint("duende_fork", programs.fork(groupOffset.getAsInt())));
        Descriptor _ = keep(bpf.attach(fork, "sched_process_fork"));
      }
    } catch (LinuxException refused) {
      close();
      throw refused;
    }
  }

  private Descriptor keep(Descriptor one) {
    family.add(one);
    return one;
  }

  boolean followsChildren() {
    return followsChildren;
  }

  /** Replaces the programs by those of a level. */
  synchronized void use(Level level) throws LinuxException {
    List<Descriptor> oldLinks = links;
    List<Descriptor> oldPrograms = loaded;
    links = new ArrayList<>();
    loaded = new ArrayList<>();
    counting = !level.isTimed();
    try {
      loaded.add(bpf.rawTracepoint("duende_enter", programs.enter(level)));
      if (level.isTimed()) {
        loaded.add(bpf.rawTracepoint("duende_exit", programs.exit(level)));
      }
    } finally {
      oldLinks.forEach(Descriptor::close);
      oldPrograms.forEach(Descriptor::close);
    }
    attach();
  }

  private void attach() throws LinuxException {
    // The end of a call first: a beginning without an end would be counted by nobody.
    if (loaded.size() > 1) {
      links.add(bpf.attach(loaded.get(1), "sys_exit"));
    }
    links.add(bpf.attach(loaded.getFirst(), "sys_enter"));
  }

  /** Lets the programs of this level run, or not. */
  synchronized void listen(boolean wanted) throws LinuxException {
    if (wanted && links.isEmpty() && counting) {
      attach();
    } else if (!wanted) {
      links.forEach(Descriptor::close);
      links.clear();
    }
  }

  Descriptor measure() throws LinuxException {
    return bpf.measure();
  }

  /** What the programs of this level have taken while they were measured. */
  synchronized BpfObjects.RunTime runTime() throws LinuxException {
    long nanos = 0;
    long runs = 0;
    for (Descriptor program : loaded) {
      BpfObjects.RunTime one = bpf.runTime(program);
      nanos += one.nanos();
      runs += one.runs();
    }
    return new BpfObjects.RunTime(nanos, runs);
  }

  @Override
  public synchronized void close() {
    links.forEach(Descriptor::close);
    loaded.forEach(Descriptor::close);
    family.reversed().forEach(Descriptor::close);
    links.clear();
    loaded.clear();
    family.clear();
  }
}

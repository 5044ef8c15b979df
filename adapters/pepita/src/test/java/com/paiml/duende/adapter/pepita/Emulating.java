package com.paiml.duende.adapter.pepita;

import com.paiml.duende.adapter.pepita.channel.Sockets;
import com.paiml.duende.adapter.pepita.monitor.Monitor;
import com.paiml.duende.adapter.pepita.monitor.VmPlan;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.spi.Deadline;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** A monitor that is said to emulate; everything else is the real one's. */
class Emulating implements Monitor {
  private final Monitor real;

  Emulating(Monitor real) {
    this.real = real;
  }

  @Override
  public String word() {
    return real.word();
  }

  @Override
  public Optional<Path> program() {
    return real.program();
  }

  @Override
  public String remedy() {
    return real.remedy();
  }

  @Override
  public boolean simulated() {
    return real.simulated();
  }

  @Override
  public boolean emulates() {
    return true;
  }

  @Override
  public boolean hasConsole() {
    return real.hasConsole();
  }

  @Override
  public List<String> arguments(VmPlan plan) {
    return real.arguments(plan);
  }

  @Override
  public OptionalInt vsockPort() {
    return real.vsockPort();
  }

  @Override
  public Control attach(Path folder, String thing, Sockets sockets, Deadline deadline)
      throws DaemonException {
    return real.attach(folder, thing, sockets, deadline);
  }
}

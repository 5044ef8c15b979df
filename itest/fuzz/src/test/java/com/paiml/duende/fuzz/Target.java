package com.paiml.duende.fuzz;

import com.paiml.duende.adapter.container.containerd.ContainerdAnswerFuzz;
import com.paiml.duende.adapter.container.docker.EngineAnswerFuzz;
import com.paiml.duende.adapter.pepita.channel.GuestFuzz;
import com.paiml.duende.adapter.pepita.monitor.MonitorFuzz;
import com.paiml.duende.adapter.systemd.journal.JournalExportFuzz;
import com.paiml.duende.adapter.systemd.unit.UnitPropertiesFuzz;
import com.paiml.duende.adapter.wos.engine.ModuleFuzz;
import com.paiml.duende.host.HostMessageFuzz;
import com.paiml.duende.manager.file.DaemonFileFuzz;
import com.paiml.duende.manager.journal.JournalLineFuzz;
import com.paiml.duende.shell.wire.ControlSocketFuzz;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * What reads the words of others.
 *
 * @param mark first byte of inputs of {@link EveryFuzz} for it
 * @param type what Jazzer is given
 * @param reader takes one input
 */
record Target(byte mark, Class<?> type, Reader reader) {

  /** Takes one input. */
  @FunctionalInterface
  interface Reader {
    void read(byte[] input) throws IOException;
  }

  static final List<Target> ALL =
      List.of(
          new Target((byte) 'f', DaemonFileFuzz.class, DaemonFileFuzz::fuzzerTestOneInput),
          new Target((byte) 'j', JournalLineFuzz.class, JournalLineFuzz::fuzzerTestOneInput),
          new Target((byte) 's', ControlSocketFuzz.class, ControlSocketFuzz::fuzzerTestOneInput),
          new Target((byte) 'h', HostMessageFuzz.class, HostMessageFuzz::fuzzerTestOneInput),
          new Target((byte) 'g', GuestFuzz.class, GuestFuzz::fuzzerTestOneInput),
          new Target((byte) 'q', MonitorFuzz.class, MonitorFuzz::fuzzerTestOneInput),
          new Target((byte) 'e', EngineAnswerFuzz.class, EngineAnswerFuzz::fuzzerTestOneInput),
          new Target(
              (byte) 'c', ContainerdAnswerFuzz.class, ContainerdAnswerFuzz::fuzzerTestOneInput),
          new Target((byte) 'x', JournalExportFuzz.class, JournalExportFuzz::fuzzerTestOneInput),
          new Target((byte) 'u', UnitPropertiesFuzz.class, UnitPropertiesFuzz::fuzzerTestOneInput),
          new Target((byte) 'm', ModuleFuzz.class, ModuleFuzz::fuzzerTestOneInput));

  private static final Path CORPUS = Path.of("corpus");

  String name() {
    return type.getSimpleName();
  }

  void read(byte[] input) throws IOException {
    reader.read(input);
  }

  /** Inputs that were worth keeping. */
  List<Path> kept() throws IOException {
    try (Stream<Path> files = Files.list(CORPUS.resolve(name()))) {
      return files.sorted().toList();
    }
  }
}

package com.paiml.duende.adapter.process.program;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.support.program.PidFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The pid files of this adapter's runs. What it has written itself it need not read again to know whose it is: an ended run's
 * is removed between the death of a program and its successor. Runs of one file follow each other. Safe for several threads.
 */
final class PidFiles {
  private final Map<Path, Integer> written = new ConcurrentHashMap<>();

  void write(LaunchSpec spec, int pid) throws DaemonException {
    PidFile.write(spec.pidFile(), pid, spec.name());
    written.put(spec.pidFile(), pid);
  }

  /** Removes it, if it is that run's. */
  void remove(LaunchSpec spec, int pid) throws IOException {
    Path file = spec.pidFile();
    Integer last = written.get(file);
    if (last == null) {
      PidFile.remove(file, pid);
    } else if (last == pid && written.remove(file, last) && !file.toFile().delete()) {
      // The other way asks the kernel more than once, but says why not.
      Files.deleteIfExists(file);
    }
  }
}

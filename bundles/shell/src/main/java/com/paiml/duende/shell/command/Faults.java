package com.paiml.duende.shell.command;

import com.paiml.duende.api.DaemonException;
import java.util.List;
import java.util.stream.Collectors;

/** Several things went wrong: a sentence for each, one per line. */
final class Faults {
  private Faults() {}

  /** @param faults at least one */
  static DaemonException of(List<DaemonException> faults) {
    if (faults.size() == 1) {
      return faults.getFirst();
    }
    String sentences =
        faults.stream().map(DaemonException::getMessage).collect(Collectors.joining("\n"));
    DaemonException first = faults.getFirst();
    DaemonException all = new DaemonException(first.code(), "", sentences, "", first);
    faults.stream().skip(1).forEach(all::addSuppressed);
    return all;
  }
}

package com.paiml.duende.adapter.container;

import com.paiml.duende.lab.container.LabEngine;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What an engine's own command says there is: a line for each container, with its name and state. */
final class Listing {
  private Listing() {}

  static List<String> of(LabEngine engine) throws Exception {
    List<String> lines = new ArrayList<>();
    if (engine.kind().equals("containerd")) {
      lines.addAll(engine.run("containers", "ls", "-q").output().lines().toList());
      lines.addAll(engine.run("tasks", "ls").output().lines().toList());
    } else {
      lines.addAll(
          engine
              .run("ps", "-a", "--format", "{{.Names}} {{.State}} {{.Status}}")
              .output()
              .lines()
              .toList());
    }
    return lines.stream().map(l -> l.toLowerCase(Locale.ROOT)).toList();
  }
}

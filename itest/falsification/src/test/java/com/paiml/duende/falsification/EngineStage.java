package com.paiml.duende.falsification;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.What;
import com.paiml.duende.lab.container.LabEngine;
import com.paiml.duende.spi.Payload;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Containers of one engine of the lab. */
final class EngineStage extends ShellStage {
  private final LabEngine engine;

  private EngineStage(LabEngine engine, Path folder) throws Exception {
    super(new Scene(folder), "container");
    this.engine = engine;
  }

  static EngineStage of(String kind, Path folder) throws Exception {
    LabEngine engine = LabEngine.start(kind);
    try {
      return new EngineStage(engine, folder);
    } catch (Exception | AssertionError e) {
      engine.close();
      throw e;
    }
  }

  @Override
  public Payload.Kind kind() {
    return Payload.Kind.IMAGE;
  }

  @Override
  DaemonConfig.Builder program(DaemonConfig.Builder file, String path, List<String> args) {
    return file.what(new What.Image(engine.image(), path)).args(args).tables(table(Map.of()));
  }

  private Map<String, Map<String, Object>> table(Map<String, Object> more) {
    Map<String, Object> table = new HashMap<>(more);
    table.put("engine", engine.kind());
    table.put("socket", engine.socket().toString());
    table.put("network", "none");
    table.put("pull", "never");
    return Map.of("container", table);
  }

  @Override
  public DaemonConfig.Builder reader(String name, Path directory) throws Exception {
    String mount = "type=bind,src=" + directory + ",dst=/srv/here";
    return super.reader(name, directory)
        .workingDir("/srv/here")
        .tables(table(Map.of("mounts", List.of(mount))));
  }

  /** The first process of a container is deaf to every signal that it has no handler for, but not to this one. */
  @Override
  public String crash(String name) throws Exception {
    LifecycleClaims.signal(scene().pid(name), "KILL");
    return "SIGKILL from outside";
  }

  @Override
  public void close() throws Exception {
    try {
      super.close();
    } finally {
      engine.close();
    }
  }
}
